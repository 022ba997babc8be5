//! Rows in PostgreSQL's binary `COPY` format.

use bytes::{BufMut as _, Bytes, BytesMut};

const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Rows of so many columns, each value written in the order of the columns.
pub(crate) struct Copy {
    columns: i16,
    bytes: BytesMut,
}

impl Copy {
    pub(crate) fn new(columns: i16) -> Self {
        Self { columns, bytes: BytesMut::from(HEADER) }
    }

    /// Begins a row.
    pub(crate) fn row(&mut self) -> &mut Self {
        self.bytes.put_i16(self.columns);
        self
    }

    pub(crate) fn integer(&mut self, value: i64) -> &mut Self {
        self.bytes.put_i32(8);
        self.bytes.put_i64(value);
        self
    }

    pub(crate) fn optional_integer(&mut self, value: Option<i64>) -> &mut Self {
        if let Some(value) = value {
            return self.integer(value);
        }
        self.bytes.put_i32(-1);
        self
    }

    /// Bytes, or a text.
    pub(crate) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.bytes.put_i32(value.len() as i32);
        self.bytes.put_slice(value);
        self
    }

    pub(crate) fn finish(mut self) -> Bytes {
        self.bytes.put_i16(-1);
        self.bytes.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_as_the_manual_says() {
        let mut rows = Copy::new(3);
        rows.row().integer(1).optional_integer(None).bytes(b"ab");
        let mut expected = HEADER.to_vec();
        expected
            .extend([0, 3, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1, 255, 255, 255, 255, 0, 0, 0, 2, b'a', b'b', 255, 255]);
        assert_eq!(rows.finish(), expected);
    }
}
