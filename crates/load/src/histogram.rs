//! Latencies in buckets whose width grows with the value: fixed memory, and quantiles within half a per cent.

/// Each doubling of the value is parted into 128 buckets: half a bucket is at most 0.4 % of the value.
const SUB_BITS: u32 = 7;
const SUB: u64 = 1 << SUB_BITS;
/// Values from 2^40 ns (18 minutes) on count as that.
const VALUE_MAX: u64 = 1 << 40;
const BUCKETS: usize = ((40 - SUB_BITS as usize) + 2) << SUB_BITS;

/// Counts of nanoseconds.
#[derive(Clone, Debug)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: vec![0; BUCKETS], count: 0, max: 0 }
    }
}

impl Histogram {
    /// Counts one value.
    pub fn record(&mut self, nanoseconds: u64) {
        if let Some(bucket) = self.buckets.get_mut(bucket_of(nanoseconds)) {
            *bucket += 1;
        }
        self.count += 1;
        self.max = self.max.max(nanoseconds);
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        for (own, others) in self.buckets.iter_mut().zip(&other.buckets) {
            *own += others;
        }
        self.count += other.count;
        self.max = self.max.max(other.max);
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The largest value, exactly.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The value that `share` of all values (0.99 for the 99th percentile) do not pass; 0 without values.
    pub fn quantile(&self, share: f64) -> u64 {
        let wanted = ((self.count as f64 * share).ceil() as u64).clamp(1, self.count.max(1));
        let mut sum = 0;
        for (place, count) in self.buckets.iter().enumerate() {
            sum += count;
            if sum >= wanted {
                return middle_of(place).min(self.max);
            }
        }
        self.max
    }
}

fn bucket_of(value: u64) -> usize {
    let value = value.min(VALUE_MAX);
    if value < SUB {
        return value as usize;
    }
    let shift = value.ilog2() - SUB_BITS;
    // The leading bit of `value >> shift` adds the SUB that makes the octaves follow one another.
    ((u64::from(shift) << SUB_BITS) + (value >> shift)) as usize
}

fn middle_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 2 * SUB {
        return bucket;
    }
    let shift = (bucket >> SUB_BITS) - 1;
    let low = (bucket - (shift << SUB_BITS)) << shift;
    low + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_one_another_and_are_narrow() {
        let mut last = 0;
        let mut value = 0u64;
        while value <= VALUE_MAX {
            let bucket = bucket_of(value);
            assert!(bucket == last || bucket == last + 1, "{value}");
            assert!(bucket < BUCKETS);
            let off = middle_of(bucket).abs_diff(value) as f64;
            assert!(off <= value as f64 * 0.004, "{value}: off by {off}");
            last = bucket;
            value += (value / 1_000).max(1);
        }
        assert_eq!(bucket_of(u64::MAX), bucket_of(VALUE_MAX));
    }

    #[test]
    fn quantiles_of_even_values_are_their_places() {
        let mut histogram = Histogram::default();
        for value in 1..=100_000 {
            histogram.record(value * 10);
        }
        for (share, expected) in [(0.5, 500_000.0), (0.9, 900_000.0), (0.99, 990_000.0), (1.0, 1_000_000.0)] {
            let found = histogram.quantile(share) as f64;
            assert!((found - expected).abs() <= expected * 0.005, "{share}: {found}");
        }
        assert_eq!((histogram.count(), histogram.max()), (100_000, 1_000_000));
    }

    #[test]
    fn nothing_counted_is_nought_and_sums_are_sums() {
        let mut sum = Histogram::default();
        assert_eq!((sum.quantile(0.5), sum.max()), (0, 0));
        let mut other = Histogram::default();
        other.record(5);
        sum.add(&other);
        sum.add(&other);
        assert_eq!((sum.quantile(0.0), sum.quantile(0.5), sum.count()), (5, 5, 2));
    }
}
