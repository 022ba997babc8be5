//! Figures as people read them.

/// A whole number with a comma between thousands.
pub fn whole(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Microseconds with a unit that keeps three figures readable.
pub fn time(microseconds: f64) -> String {
    if microseconds < 10.0 {
        format!("{microseconds:.1} us")
    } else if microseconds < 1_000.0 {
        format!("{microseconds:.0} us")
    } else if microseconds < 1e6 {
        format!("{:.2} ms", microseconds / 1e3)
    } else {
        format!("{:.2} s", microseconds / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_for_people() {
        for (value, expected) in [(0.0, "0"), (999.4, "999"), (1_000.0, "1,000"), (1_234_567.0, "1,234,567")] {
            assert_eq!(whole(value), expected);
        }
        for (value, expected) in [(1.26, "1.3 us"), (42.4, "42 us"), (1_234.0, "1.23 ms"), (2_500_000.0, "2.50 s")] {
            assert_eq!(time(value), expected);
        }
    }
}
