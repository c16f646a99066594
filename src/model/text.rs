//! Small things of wording.

/// A decimal's digits in groups of three before the point: `1,400,000.5`. Other texts come back as they are.
pub fn grouped(number: &str) -> String {
    let (sign, rest) = match number.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", number),
    };
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(w, f)| (w, Some(f)));
    if whole.is_empty() || !whole.bytes().all(|b| b.is_ascii_digit()) {
        return number.to_owned();
    }
    let mut out = String::with_capacity(number.len() + whole.len() / 3);
    out.push_str(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// `1 line`, `2 lines`.
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(&n.to_string()), if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_before_the_point_only() {
        assert_eq!(grouped("1400000"), "1,400,000");
        assert_eq!(grouped("-123456.7891"), "-123,456.7891");
        assert_eq!(grouped("999"), "999");
        assert_eq!(grouped("n/a"), "n/a");
        assert_eq!(counted(1, "line", "lines"), "1 line");
        assert_eq!(counted(1200, "line", "lines"), "1,200 lines");
    }
}
