//! A failing text, made short enough to read.

/// How many texts are tried at most.
const TRIES: usize = 600;

/// Takes pieces out of `text`, large ones first, as long as `fails` says so of what is left.
pub fn shrink(text: &[u8], mut fails: impl FnMut(&[u8]) -> bool) -> Vec<u8> {
    let mut text = text.to_vec();
    let mut tries = 0;
    let mut piece = text.len() / 2;
    while piece > 0 && tries < TRIES {
        let mut at = 0;
        let before = text.len();
        while at < text.len() && tries < TRIES {
            let mut shorter = text.clone();
            shorter.drain(at..(at + piece).min(text.len()));
            tries += 1;
            if fails(&shorter) {
                text = shorter;
            } else {
                at += piece;
            }
        }
        // The last size once more, while it still helps.
        if piece > 1 || text.len() == before {
            piece /= 2;
        }
    }
    text
}

#[test]
fn what_matters_is_left() {
    let text = b"a long text with a needle in it, and more behind it\n".repeat(5);
    let found = shrink(&text, |text| text.windows(6).any(|word| word == b"needle"));
    assert_eq!(found, b"needle");
    let two = shrink(b"x1x2x3x4x", |text| {
        text.contains(&b'1') && text.contains(&b'4')
    });
    assert_eq!(two, b"14");
    assert_eq!(shrink(b"", |_| true), b"");
}
