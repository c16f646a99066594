//! The exit codes that scripts rely on.

/// Ran on whole data, and found nothing at or above `--fail-on`.
pub const OK: u8 = 0;
/// Found something at or above `--fail-on`.
pub const FINDINGS: u8 = 1;
/// Usage or settings: an unknown option, a bad crosscheck.toml, a file that cannot be opened or written.
pub const USAGE: u8 = 2;
/// The data cannot be trusted: missing, empty, rejected, cut, too old, or changed while it was read.
pub const UNTRUSTED: u8 = 3;
