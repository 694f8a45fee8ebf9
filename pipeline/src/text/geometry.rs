//! Rectangles that may lean, and the hulls they are fitted to. Pixels, y grows downwards.

/// A point in pixels.
pub(crate) type Point = (f32, f32);

/// A rectangle turned about its centre. `u` is the unit vector along its width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Strip {
    pub center: Point,
    pub u: Point,
    pub width: f32,
    pub height: f32,
}

impl Strip {
    /// The point at `(along, down)`, both in −0.5..=0.5 of width and height.
    pub fn at(&self, along: f32, down: f32) -> Point {
        let (ux, uy) = self.u;
        let (a, d) = (along * self.width, down * self.height);
        (self.center.0 + ux * a - uy * d, self.center.1 + uy * a + ux * d)
    }

    /// The part between two fractions (0..=1) of the width.
    pub fn between(&self, from: f32, to: f32) -> Self {
        Self { center: self.at((from + to) / 2.0 - 0.5, 0.0), width: self.width * (to - from).abs(), ..*self }
    }

    /// The upright rectangle around it: `[x0, y0, x1, y1]`.
    pub fn bounds(&self) -> [f32; 4] {
        let corners = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)].map(|(a, d)| self.at(a, d));
        corners.iter().fold([f32::MAX, f32::MAX, f32::MIN, f32::MIN], |b, p| {
            [b[0].min(p.0), b[1].min(p.1), b[2].max(p.0), b[3].max(p.1)]
        })
    }

    /// Lean in radians, −π/4..=π/4 when the width runs across the page.
    pub fn angle(&self) -> f32 {
        self.u.1.atan2(self.u.0)
    }

    /// Grown on every side by `distance`.
    pub fn grown(&self, distance: f32) -> Self {
        Self { width: self.width + 2.0 * distance, height: self.height + 2.0 * distance, ..*self }
    }

    /// Every length times `factor`.
    pub fn scaled(&self, factor: f32) -> Self {
        Self {
            center: (self.center.0 * factor, self.center.1 * factor),
            width: self.width * factor,
            height: self.height * factor,
            u: self.u,
        }
    }

    /// The same rectangle read down its height: for text that stands on its side.
    pub fn on_its_side(&self) -> Self {
        Self { u: (-self.u.1, self.u.0), width: self.height, height: self.width, center: self.center }
    }

    /// The same rectangle read from its other end.
    pub fn upside_down(&self) -> Self {
        Self { u: (-self.u.0, -self.u.1), ..*self }
    }

    /// The smallest leaning rectangle around the points, its width running across the page.
    pub fn around(points: &[Point]) -> Option<Self> {
        let hull = convex_hull(points);
        let mut best: Option<(f32, Self)> = None;
        let edges = hull.iter().zip(hull.iter().cycle().skip(1));
        for (a, b) in edges {
            let (dx, dy) = (b.0 - a.0, b.1 - a.1);
            let length = dx.hypot(dy);
            if length > 0.0 {
                let strip = fit(&hull, (dx / length, dy / length));
                let area = (strip.width + 1.0) * (strip.height + 1.0);
                if best.is_none_or(|(smallest, _)| area < smallest) {
                    best = Some((area, strip));
                }
            }
        }
        best.map(|(_, strip)| strip.across())
    }

    /// The same rectangle with `u` pointing right, whichever side is the longer.
    fn across(self) -> Self {
        let turned = if self.u.0.abs() >= self.u.1.abs() { self } else { self.on_its_side() };
        if turned.u.0 < 0.0 { turned.upside_down() } else { turned }
    }
}

/// The rectangle around the hull whose width runs along `u`.
fn fit(hull: &[Point], u: Point) -> Strip {
    let (mut a0, mut a1, mut d0, mut d1) = (f32::MAX, f32::MIN, f32::MAX, f32::MIN);
    for p in hull {
        let along = p.0 * u.0 + p.1 * u.1;
        let down = -p.0 * u.1 + p.1 * u.0;
        (a0, a1, d0, d1) = (a0.min(along), a1.max(along), d0.min(down), d1.max(down));
    }
    let (a, d) = ((a0 + a1) / 2.0, (d0 + d1) / 2.0);
    Strip { center: (u.0 * a - u.1 * d, u.1 * a + u.0 * d), u, width: a1 - a0, height: d1 - d0 }
}

/// Andrew's monotone chain: the hull clockwise on the page, from its leftmost point.
pub(crate) fn convex_hull(points: &[Point]) -> Vec<Point> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    sorted.dedup();
    if sorted.len() < 3 {
        return sorted;
    }
    let half = |points: &mut dyn Iterator<Item = Point>| {
        let mut chain: Vec<Point> = Vec::new();
        for p in points {
            while let [.., a, b] = chain[..] {
                if (b.0 - a.0) * (p.1 - a.1) - (b.1 - a.1) * (p.0 - a.0) > 0.0 {
                    break;
                }
                chain.pop();
            }
            chain.push(p);
        }
        chain.pop();
        chain
    };
    let mut hull = half(&mut sorted.iter().copied());
    hull.extend(half(&mut sorted.iter().rev().copied()));
    hull
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_leaning_rectangle() {
        let truth =
            Strip { center: (50.0, 40.0), u: (0.3_f32.cos(), 0.3_f32.sin()), width: 60.0, height: 10.0 };
        let mut points = Vec::new();
        for i in 0..=60 {
            for j in 0..=10 {
                points.push(truth.at(i as f32 / 60.0 - 0.5, j as f32 / 10.0 - 0.5));
            }
        }
        let found = Strip::around(&points).unwrap();
        assert!((found.angle() - 0.3).abs() < 0.01, "{found:?}");
        assert!((found.width - 60.0).abs() < 0.5 && (found.height - 10.0).abs() < 0.5, "{found:?}");
    }

    #[test]
    fn a_tall_rectangle_keeps_its_width_across_the_page() {
        let found = Strip::around(&[(0.0, 0.0), (5.0, 0.0), (5.0, 80.0), (0.0, 80.0)]).unwrap();
        assert_eq!((found.width, found.height), (5.0, 80.0));
        assert!(found.u.0 > 0.99);
    }

    #[test]
    fn too_few_points_make_no_rectangle() {
        assert!(Strip::around(&[]).is_none());
        assert!(Strip::around(&[(1.0, 1.0), (1.0, 1.0)]).is_none());
    }
}
