//! Plain values of the field: decimals, money, time, periods, datasets. Imports nothing of the program.

pub mod datasets;
pub mod decimal;
pub mod interned;
pub mod mask;
pub mod money;
pub mod text;
pub mod time;
