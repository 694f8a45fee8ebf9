//! From the recogniser's time steps to characters with places: greedy CTC decoding.
//!
//! Each step names a character or the blank; repeats without a blank between them are one character.

/// One character read from a strip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Glyph {
    pub char: char,
    /// Probability of its best step.
    pub confidence: f32,
    /// Middle of its steps as a fraction of the strip's steps.
    pub at: f32,
}

/// Decodes `steps × classes` probabilities; class 0 is the blank.
pub(super) fn decode(probabilities: &[f32], characters: &[char]) -> Vec<Glyph> {
    decode_among(probabilities, characters, |_| true)
}

/// The same with no other characters than those `allowed`.
pub(super) fn decode_among(
    probabilities: &[f32],
    characters: &[char],
    allowed: impl Fn(char) -> bool,
) -> Vec<Glyph> {
    let known: Vec<bool> = characters.iter().enumerate().map(|(i, c)| i == 0 || allowed(*c)).collect();
    let classes = characters.len();
    if classes == 0 {
        return Vec::new();
    }
    let steps = (probabilities.len() / classes).max(1) as f32;
    let mut glyphs: Vec<Glyph> = Vec::new();
    let (mut previous, mut run_start) = (0, 0);
    for (step, scores) in probabilities.chunks_exact(classes).enumerate() {
        let (class, confidence) = best(scores, &known);
        if class != previous {
            run_start = step;
        }
        let at = ((run_start + step) as f32 / 2.0 + 0.5) / steps;
        match (class, characters.get(class)) {
            (0, _) | (_, None) => {}
            (_, Some(_)) if class == previous => {
                if let Some(last) = glyphs.last_mut() {
                    *last = Glyph { confidence: last.confidence.max(confidence), at, ..*last };
                }
            }
            (_, Some(char)) => glyphs.push(Glyph { char: *char, confidence, at }),
        }
        previous = class;
    }
    glyphs
}

fn best(scores: &[f32], known: &[bool]) -> (usize, f32) {
    let among = scores.iter().zip(known).enumerate().filter(|(_, (_, known))| **known);
    among.fold((0, f32::MIN), |best, (i, (p, _))| if *p > best.1 { (i, *p) } else { best })
}

/// Mean confidence of the characters that are not spaces; 0 when there is none.
pub(super) fn mean_confidence(glyphs: &[Glyph]) -> f32 {
    let seen: Vec<f32> = glyphs.iter().filter(|g| g.char != ' ').map(|g| g.confidence).collect();
    if seen.is_empty() { 0.0 } else { seen.iter().sum::<f32>() / seen.len() as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(steps: &[(usize, f32)]) -> Vec<Glyph> {
        let characters = ['\0', 'a', 'b', ' '];
        let mut probabilities = Vec::new();
        for (class, p) in steps {
            let mut row = [(1.0 - p) / 3.0; 4];
            row[*class] = *p;
            probabilities.extend(row);
        }
        decode(&probabilities, &characters)
    }

    #[test]
    fn repeats_collapse_unless_a_blank_stands_between() {
        let text: String =
            read(&[(1, 0.9), (1, 0.9), (0, 0.9), (1, 0.9), (2, 0.9)]).iter().map(|g| g.char).collect();
        assert_eq!(text, "aab");
    }

    #[test]
    fn a_character_keeps_its_best_step_and_the_middle_of_its_run() {
        let glyphs = read(&[(0, 0.9), (1, 0.5), (1, 0.8), (0, 0.9)]);
        assert_eq!(glyphs.len(), 1);
        assert!((glyphs[0].confidence - 0.8).abs() < 1e-6);
        assert!((glyphs[0].at - 0.5).abs() < 1e-6);
    }

    #[test]
    fn what_is_not_allowed_gives_way_to_the_next_best() {
        let probabilities = [0.1, 0.5, 0.35, 0.05, 0.9, 0.05, 0.03, 0.02];
        let glyphs = decode_among(&probabilities, &['\0', 'a', 'b', ' '], |c| c == 'b');
        assert_eq!(glyphs.iter().map(|g| g.char).collect::<String>(), "b");
    }

    #[test]
    fn nothing_in_nothing_out() {
        assert!(decode(&[], &['\0', 'a']).is_empty());
        assert!(decode(&[0.5; 4], &[]).is_empty());
        assert_eq!(mean_confidence(&[]), 0.0);
    }
}
