//! Holds its manifest in the link section too, and answers Airflow, as programs with `airflow-sdk` do. `TRIAL` names other
//! things that it may do when Airflow starts it.

use std::io::Write as _;

use misbehaving::airflow::{NIL, answer, connect, read, send, text};

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
    let started_by_airflow = std::env::args().any(|arg| arg.starts_with("--comm="));
    if std::env::args().any(|arg| arg == "child") {
        if std::env::var_os("LEAVES_GROUP").is_some() {
            setsid();
        }
        misbehaving::sleep();
    } else if started_by_airflow {
        serve(&std::env::var("TRIAL").unwrap_or_default());
    } else {
        misbehaving::print(misbehaving::MANIFEST);
    }
}

unsafe extern "C" {
    safe fn setsid() -> i32;
}

/// What Airflow gets to see of it.
fn serve(how: &str) {
    match how {
        "" => answers(),
        "no_serve" => println!("nothing to do"),
        "fails" => {
            eprintln!("error: unexpected argument '--comm' found\n\n\u{1b}[1mUsage\u{1b}[0m: etl");
            std::process::exit(2);
        }
        "panics" => panic!("the settings are not here"),
        "hangs" => misbehaving::sleep(),
        "ends_half_connected" => drop(connect("logs")),
        "hangs_half_connected" => {
            let _comm = connect("comm");
            misbehaving::sleep();
        }
        "never_answers" => {
            let (mut comm, _logs) = both();
            read(&mut comm);
            misbehaving::sleep();
        }
        "is_too_old" => {
            let (mut comm, mut logs) = both();
            read(&mut comm);
            let event = "it is DagFileParseRequest, which this version does not serve";
            writeln!(logs, r#"{{"level": "error", "event": "{event}"}}"#).unwrap();
            std::process::exit(1);
        }
        "closes" => {
            let (comm, _logs) = both();
            drop(comm);
            misbehaving::sleep();
        }
        "speaks_http" => {
            let (mut comm, _logs) = both();
            comm.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            misbehaving::sleep();
        }
        "sends_rubbish" => {
            let (mut comm, _logs) = both();
            send(&mut comm, b"\xc1\xc1\xc1");
            misbehaving::sleep();
        }
        "claims_and_trickles" => {
            let (mut comm, _logs) = both();
            comm.write_all(&(16_u32 << 20).to_be_bytes()).unwrap();
            loop {
                comm.write_all(b"x").unwrap();
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        }
        "asks_without_end" => {
            let (mut comm, _logs) = both();
            let request = [vec![0x92, 1, 0x81], text("type"), text("GetVariable")].concat();
            loop {
                send(&mut comm, &request);
            }
        }
        "has_import_errors" => {
            let (mut comm, _logs) = both();
            read(&mut comm);
            let errors = [vec![0x81], text("etl"), text("two tasks\nof one name")].concat();
            send(&mut comm, &answer(&errors));
            read(&mut comm);
        }
        "asks_first" => {
            let (mut comm, _logs) = both();
            let request = [vec![0x92, 1, 0x81], text("type"), text("GetVariable")].concat();
            send(&mut comm, &request);
            read(&mut comm);
            let reply = String::from_utf8_lossy(&read(&mut comm)).into_owned();
            assert!(reply.contains("GENERIC_ERROR"), "{reply}");
            send(&mut comm, &answer(&[NIL]));
            assert_eq!(read(&mut comm), [0x93, 7, NIL, NIL]);
        }
        "answers_and_fails" => {
            answers();
            std::process::exit(7);
        }
        "answers_and_stays" => {
            answers();
            misbehaving::sleep();
        }
        "answers_and_leaves_child" => {
            leave_child();
            answers();
        }
        "leaves_child" => {
            leave_child();
            std::process::exit(1);
        }
        "floods" => {
            let (_comm, mut logs) = both();
            for _ in 0..20_000 {
                println!("a line that nobody asked for, and another one after it");
                eprintln!("a line that nobody asked for, and another one after it");
                writeln!(
                    logs,
                    "a line that nobody asked for, and another one after it"
                )
                .unwrap();
            }
            eprintln!("the last line, which says why");
            std::process::exit(1);
        }
        other => panic!("TRIAL={other}"),
    }
}

fn both() -> (std::net::TcpStream, std::net::TcpStream) {
    let comm = connect("comm");
    (comm, connect("logs"))
}

fn answers() {
    let (mut comm, _logs) = both();
    read(&mut comm);
    send(&mut comm, &answer(&[NIL]));
    assert_eq!(read(&mut comm), [0x93, 7, NIL, NIL]);
}

fn leave_child() {
    let me = std::env::current_exe().unwrap();
    std::process::Command::new(me).arg("child").spawn().unwrap();
    // The child notes its process first.
    std::thread::sleep(std::time::Duration::from_millis(100));
}
