//! Four corners, and the projective map between them and a rectangle. Pixels, y grows downwards.

/// A point in pixels.
pub(super) type Point = (f64, f64);

/// Corners clockwise from the upper left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quad(pub [Point; 4]);

impl Quad {
    /// Shoelace formula; positive when the corners run clockwise on the page.
    pub fn area(&self) -> f64 {
        area(&self.0)
    }

    /// Whether a point lies inside or on the edge.
    pub fn holds(&self, p: Point) -> bool {
        self.edges().iter().all(|(a, b)| turn(*a, *b, p) >= -1e-6)
    }

    /// Every edge moved outwards by so many pixels.
    pub fn grown(&self, by: f64) -> Option<Self> {
        let moved = self.edges().map(|(a, b)| {
            let (dx, dy) = (b.0 - a.0, b.1 - a.1);
            let long = dx.hypot(dy).max(1e-9);
            let (nx, ny) = (dy / long * by, -dx / long * by);
            ((a.0 + nx, a.1 + ny), (b.0 + nx, b.1 + ny))
        });
        let [top, right, bottom, left] = moved;
        Some(Self([meet(left, top)?, meet(top, right)?, meet(right, bottom)?, meet(bottom, left)?]))
    }

    /// Mean length of the edges across and of those down.
    pub fn size(&self) -> (f64, f64) {
        let [top, right, bottom, left] = self.edges().map(|(a, b)| (b.0 - a.0).hypot(b.1 - a.1));
        ((top + bottom) / 2.0, (left + right) / 2.0)
    }

    /// Top, right, bottom, left, each in the direction the corners run.
    pub fn edges(&self) -> [(Point, Point); 4] {
        let [a, b, c, d] = self.0;
        [(a, b), (b, c), (c, d), (d, a)]
    }

    /// The smallest angle between two edges, in degrees.
    pub fn sharpest(&self) -> f64 {
        let edges = self.edges();
        let pairs = edges.iter().zip(edges.iter().cycle().skip(1));
        let angles = pairs.map(|((a, b), (_, c))| {
            let (back, on) = ((a.0 - b.0, a.1 - b.1), (c.0 - b.0, c.1 - b.1));
            let cosine =
                (back.0 * on.0 + back.1 * on.1) / (back.0.hypot(back.1) * on.0.hypot(on.1)).max(1e-9);
            cosine.clamp(-1.0, 1.0).acos().to_degrees()
        });
        angles.fold(f64::MAX, f64::min)
    }
}

/// Area of a polygon, positive when its corners run clockwise on the page.
pub(super) fn area(corners: &[Point]) -> f64 {
    let edges = corners.iter().zip(corners.iter().cycle().skip(1));
    edges.map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum::<f64>() / 2.0
}

/// Positive when `c` lies to the right of the way from `a` to `b`, as seen on the page.
pub(super) fn turn(a: Point, b: Point, c: Point) -> f64 {
    (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0)
}

/// Where two lines, each through two points, meet; `None` when they hardly do.
pub(super) fn meet((a, b): (Point, Point), (c, d): (Point, Point)) -> Option<Point> {
    let (r, s) = ((b.0 - a.0, b.1 - a.1), (d.0 - c.0, d.1 - c.1));
    let cross = r.0 * s.1 - r.1 * s.0;
    if cross.abs() < 1e-6 * r.0.hypot(r.1) * s.0.hypot(s.1) {
        return None;
    }
    let along = ((c.0 - a.0) * s.1 - (c.1 - a.1) * s.0) / cross;
    Some((a.0 + along * r.0, a.1 + along * r.1))
}

/// A projective map of the plane, row by row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Projection([f64; 9]);

impl Projection {
    /// The map that takes the unit square's corners to those of the quad.
    ///
    /// Heckbert, Fundamentals of Texture Mapping and Image Warping, 1989, section 2.2.3.
    pub fn of_square(quad: &Quad) -> Option<Self> {
        let [(x0, y0), (x1, y1), (x2, y2), (x3, y3)] = quad.0;
        let (dx1, dx2, sx) = (x1 - x2, x3 - x2, x0 - x1 + x2 - x3);
        let (dy1, dy2, sy) = (y1 - y2, y3 - y2, y0 - y1 + y2 - y3);
        let det = dx1 * dy2 - dx2 * dy1;
        if det.abs() < 1e-9 {
            return None;
        }
        let (g, h) = ((sx * dy2 - dx2 * sy) / det, (dx1 * sy - sx * dy1) / det);
        Some(Self([
            x1 - x0 + g * x1,
            x3 - x0 + h * x3,
            x0,
            y1 - y0 + g * y1,
            y3 - y0 + h * y3,
            y0,
            g,
            h,
            1.0,
        ]))
    }

    /// The way back, by the adjugate.
    pub fn back(&self) -> Option<Self> {
        let [a, b, c, d, e, f, g, h, i] = self.0;
        let det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
        (det.abs() > 1e-12).then_some(Self([
            e * i - f * h,
            c * h - b * i,
            b * f - c * e,
            f * g - d * i,
            a * i - c * g,
            c * d - a * f,
            d * h - e * g,
            b * g - a * h,
            a * e - b * d,
        ]))
    }

    /// Where a point goes.
    pub fn of(&self, (x, y): Point) -> Point {
        let [a, b, c, d, e, f, g, h, i] = self.0;
        let w = g * x + h * y + i;
        let w = if w.abs() < 1e-12 { 1e-12 } else { w };
        ((a * x + b * y + c) / w, (d * x + e * y + f) / w)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEANING: Quad = Quad([(20.0, 10.0), (220.0, 30.0), (200.0, 330.0), (0.0, 290.0)]);

    #[test]
    fn corners_go_to_corners_and_come_back() {
        let out = Projection::of_square(&LEANING).unwrap();
        let back = out.back().unwrap();
        for (unit, corner) in [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)].into_iter().zip(LEANING.0) {
            let (x, y) = out.of(unit);
            assert!((x - corner.0).abs() < 1e-6 && (y - corner.1).abs() < 1e-6);
            let (u, v) = back.of(corner);
            assert!((u - unit.0).abs() < 1e-6 && (v - unit.1).abs() < 1e-6);
        }
    }

    #[test]
    fn a_quad_knows_its_inside_and_grows() {
        assert!(LEANING.area() > 0.0);
        assert!(LEANING.holds((110.0, 170.0)) && !LEANING.holds((5.0, 20.0)));
        let grown = LEANING.grown(10.0).unwrap();
        assert!(LEANING.0.iter().all(|p| grown.holds(*p)));
        assert!(grown.holds((5.0, 150.0)) && grown.area() > LEANING.area());
        assert!((60.0..=90.0).contains(&LEANING.sharpest()), "{}", LEANING.sharpest());
    }

    #[test]
    fn corners_on_one_line_have_no_map() {
        assert!(Projection::of_square(&Quad([(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (3.0, 0.0)])).is_none());
    }
}
