//! The bounding box of a workspace: a rectangle in WGS 84.

use crate::error::{Error, Result};

/// Five positions of longitude and latitude: a rectangle, counter-clockwise, the last the same as the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundingBox([[f64; 2]; 5]);

impl BoundingBox {
    /// Checks the ring: closed, a rectangle along the axes, counter-clockwise, inside the world.
    pub fn new(ring: &[[f64; 2]]) -> Result<Self> {
        let wrong = |rule, message: &'static str| Err(Error::invalid("bounding_box", rule, message));
        let Ok(ring) = <[[f64; 2]; 5]>::try_from(ring) else {
            return wrong("positions", "expected a ring of five positions");
        };
        let same = |a: [f64; 2], b: [f64; 2]| a.iter().zip(b).all(|(a, b)| a.total_cmp(&b).is_eq());
        if !same(ring[0], ring[4]) {
            return wrong("closed", "expected the last position to equal the first");
        }
        let inside = |[longitude, latitude]: [f64; 2]| longitude.abs() <= 180.0 && latitude.abs() <= 90.0;
        if !ring.iter().all(|position| inside(*position)) {
            return wrong("range", "expected longitudes within 180 and latitudes within 90 degrees");
        }
        let straight = |a: [f64; 2], b: [f64; 2]| {
            (a[0] - b[0]).abs() < f64::EPSILON || (a[1] - b[1]).abs() < f64::EPSILON
        };
        if !ring.windows(2).all(|side| straight(side[0], side[1])) {
            return wrong("rectangle", "expected a rectangle along the axes");
        }
        let doubled_area: f64 =
            ring.windows(2).map(|side| side[0][0] * side[1][1] - side[1][0] * side[0][1]).sum();
        if doubled_area <= 0.0 {
            return wrong("orientation", "expected positions counter-clockwise around an area");
        }
        Ok(Self(ring))
    }

    /// The five positions.
    pub const fn ring(&self) -> &[[f64; 2]; 5] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::BoundingBox;

    #[test]
    fn takes_rectangles_only() {
        let good = [[1.0, 1.0], [3.0, 1.0], [3.0, 2.0], [1.0, 2.0], [1.0, 1.0]];
        assert!(BoundingBox::new(&good).is_ok());
        let mut clockwise = good;
        clockwise.reverse();
        let mut open = good;
        open[4] = [1.0, 1.5];
        let mut far = good;
        far[1] = [181.0, 1.0];
        let mut skew = good;
        skew[1] = [3.0, 1.5];
        let nowhere = [[f64::NAN, 0.0]; 5];
        for bad in [&clockwise[..], &open, &far, &skew, &nowhere, &good[..4], &[[0.0, 0.0]; 5]] {
            assert!(BoundingBox::new(bad).is_err(), "{bad:?}");
        }
    }
}
