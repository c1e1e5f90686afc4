//! Holds its manifest in the link section too, as programs with `airflow-sdk` do.

const TEXT: &[u8] = misbehaving::MANIFEST.as_bytes();
const LENGTH: usize = 12 + TEXT.len();

#[used]
#[unsafe(link_section = ".airflow_md")]
static RECORD: [u8; LENGTH] = record();

const fn record() -> [u8; LENGTH] {
    let mut record = [0; LENGTH];
    let (magic, length) = (*b"AFMETA01", (TEXT.len() as u32).to_le_bytes());
    let mut at = 0;
    while at < LENGTH {
        record[at] = match at {
            0..8 => magic[at],
            8..12 => length[at - 8],
            _ => TEXT[at - 12],
        };
        at += 1;
    }
    record
}

fn main() {
    misbehaving::note_process();
    misbehaving::print(misbehaving::MANIFEST);
}
