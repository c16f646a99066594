//! Files of every kind, and what cannot be searched.

use super::*;
use std::{
    fs,
    io::Write as _,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};
use tempfile::TempDir;
use zip::{ZipWriter, write::SimpleFileOptions};

const TEXT: &str = "first line\nto: ann@example.com\nthird\n";

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn place(path: &Path) -> Place {
    Place { label: "crm".to_owned(), path: path.to_owned() }
}

fn scanned(path: &Path) -> Scan {
    scan(&[ann()], &[place(path)], &Options::default()).unwrap()
}

/// File and line of each hit.
fn hits(scan: &Scan) -> Vec<(String, u64)> {
    scan.hits.iter().map(|h| (h.file.clone(), h.line)).collect()
}

fn hit(file: &str, line: u64) -> (String, u64) {
    (file.to_owned(), line)
}

/// File and matter of each trouble.
fn troubles(scan: &Scan) -> Vec<(&str, &str)> {
    scan.troubles.iter().map(|t| (&*t.file, &*t.what)).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    e.write_all(bytes).unwrap();
    e.finish().unwrap()
}

fn zstandard(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut made = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        made.start_file(*name, SimpleFileOptions::default()).unwrap();
        made.write_all(bytes).unwrap();
    }
    made.finish().unwrap().into_inner()
}

/// Bytes that do not compress.
fn noise(many: usize) -> Vec<u8> {
    let mut n = 1_u64;
    let mut next = || {
        n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        b'A' + (n >> 59) as u8 % 26
    };
    (0..many).map(|_| next()).collect()
}

#[test]
fn text_in_every_wrapping_is_searched_and_its_lines_numbered() {
    let folder = folder();
    let wide = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> { TEXT.encode_utf16().flat_map(bytes).collect() };
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("a.csv", TEXT.into()),
        ("b.gz", gzip(TEXT.as_bytes())),
        ("c.zst", zstandard(TEXT.as_bytes())),
        ("d.gz", [gzip(b"first line\n"), gzip(b"to: ann@example.com\n")].concat()),
        ("e-bom-le", [vec![0xff, 0xfe], wide(u16::to_le_bytes)].concat()),
        ("f-bom-be", [vec![0xfe, 0xff], wide(u16::to_be_bytes)].concat()),
        ("g-le", wide(u16::to_le_bytes)),
        ("h-be", wide(u16::to_be_bytes)),
        ("i-utf8-bom", [b"\xef\xbb\xbf".as_slice(), TEXT.as_bytes()].concat()),
        ("j.gz.gz", gzip(&gzip(TEXT.as_bytes()))),
        ("k.html", b"<p>\n<a href=\"mailto:ann%40example.com\">Ann</a>".to_vec()),
    ];
    for (name, bytes) in &files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let scan = scanned(folder.path());
    assert_eq!(hits(&scan), files.iter().map(|(name, _)| hit(name, 2)).collect::<Vec<_>>());
    assert_eq!(troubles(&scan), []);
    assert_eq!(scan.inputs.len(), files.len());
    assert_eq!(scan.hits[10].matched, "ann%40example.com");
    let one = scanned(&folder.path().join("b.gz"));
    assert_eq!(hits(&one), [hit("b.gz", 2)]);
}

#[test]
fn archives_are_opened_four_deep() {
    let folder = folder();
    let inner = zipped(&[("t.csv", TEXT.as_bytes())]);
    let middle = zipped(&[
        ("folder/x.csv.gz", &gzip(TEXT.as_bytes())),
        ("inner.zip", &inner),
        ("y.csv", TEXT.as_bytes()),
    ]);
    fs::write(folder.path().join("a.zip"), &middle).unwrap();
    let mut deep = TEXT.as_bytes().to_vec();
    for _ in 0..5 {
        deep = zipped(&[("z", &deep)]);
    }
    fs::write(folder.path().join("deep.zip"), &deep).unwrap();
    let scan = scanned(folder.path());
    let expected =
        [hit("a.zip!/folder/x.csv.gz", 2), hit("a.zip!/inner.zip!/t.csv", 2), hit("a.zip!/y.csv", 2)];
    assert_eq!(hits(&scan), expected);
    assert_eq!(troubles(&scan), [("deep.zip!/z!/z!/z!/z", "lies 4 archives deep and was not opened")]);
    assert_eq!(scan.inputs.len(), 2);
}

#[test]
fn a_broken_archive_is_named_and_searched_as_far_as_it_goes() {
    let folder = folder();
    let long = [TEXT.as_bytes(), &noise(400_000)].concat();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let half = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
    write("a.gz", &half(gzip(&long)));
    write("b.zst", &half(zstandard(&long)));
    write("c.zip", &half(zipped(&[("x", TEXT.as_bytes()), ("y", &long)])));
    let mut flipped = zipped(&[("x", TEXT.as_bytes()), ("y", &long), ("z", TEXT.as_bytes())]);
    let at = flipped.len() / 2;
    flipped[at..at + 64].fill(0);
    write("d.zip", &flipped);
    write("e.txt", TEXT.as_bytes());
    let scan = scanned(folder.path());
    let expected = [
        hit("a.gz", 2),
        hit("b.zst", 2),
        hit("c.zip!/x", 2),
        hit("c.zip!/y", 2),
        hit("d.zip!/x", 2),
        hit("d.zip!/y", 2),
        hit("d.zip!/z", 2),
        hit("e.txt", 2),
    ];
    assert_eq!(hits(&scan), expected);
    let cut = "is damaged or cut short; what could be unpacked was searched";
    let expected = [
        ("a.gz", cut),
        ("b.zst", cut),
        ("c.zip", "is a damaged archive; what could be unpacked was searched"),
        ("c.zip!/y", cut),
        ("d.zip!/y", cut),
    ];
    assert_eq!(troubles(&scan), expected);
}

#[test]
fn what_unpacks_to_too_much_is_cut_off() {
    let folder = folder();
    let bomb = [TEXT.as_bytes(), &vec![0; 8 << 20]].concat();
    fs::write(folder.path().join("a.gz"), gzip(&bomb)).unwrap();
    fs::write(folder.path().join("b.zip"), zipped(&[("x", &gzip(&bomb)), ("y", TEXT.as_bytes())])).unwrap();
    fs::write(folder.path().join("c"), TEXT).unwrap();
    let options = Options { unpacked: Unpacked { least: 4 << 20, ratio: 20 }, ..Options::default() };
    let scan = scan(&[ann()], &[place(folder.path())], &options).unwrap();
    assert_eq!(hits(&scan), [hit("a.gz", 2), hit("b.zip!/x", 2), hit("c", 2)]);
    let what = "unpacks to more than 4194304 bytes; the rest was not searched";
    assert_eq!(troubles(&scan), [("a.gz", what), ("b.zip!/x", what)]);
}

#[test]
fn every_table_of_a_database_is_searched() {
    let folder = folder();
    let path = folder.path().join("x.sqlite");
    let md5 = "257c57037d384ae37ea27a07e8a01665";
    let sql = format!(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, first TEXT, last TEXT, email TEXT, phone INTEGER);
         INSERT INTO users VALUES (3, 'Bob', 'Brown', NULL, 1), (8, 'Ann', 'Smith', 'ANN@example.com', 49301234567);
         CREATE TABLE raw (body BLOB);
         INSERT INTO raw VALUES ('x'), (CAST('see usr_4711' AS BLOB)), (x'{md5}');
         CREATE TABLE notes (body TEXT) ;
         INSERT INTO notes VALUES ('Bob'), ('Ann'), ('Smith');"
    );
    fs::write(folder.path().join("made.sql"), "").unwrap();
    crate::cache::foreign::tests::make(&path, &sql);
    fs::write(folder.path().join("y.gz"), gzip(&fs::read(&path).unwrap())).unwrap();
    let scan = scanned(folder.path());
    let mut expected = Vec::new();
    for file in ["x.sqlite", "y.gz"] {
        expected.extend([
            (format!("{file}!/raw"), 2, HitKind::Id, "usr_4711"),
            (format!("{file}!/raw"), 3, HitKind::EmailMd5, md5),
            (format!("{file}!/users"), 8, HitKind::Email, "ANN@example.com"),
            (format!("{file}!/users"), 8, HitKind::Phone, "49301234567"),
            (format!("{file}!/users"), 8, HitKind::Name, "Ann\",\"Smith"),
        ]);
    }
    let shown: Vec<_> = scan.hits.iter().map(|h| (h.file.clone(), h.line, h.kind, &*h.matched)).collect();
    assert_eq!(shown, expected);
    assert_eq!(troubles(&scan), []);
}

#[test]
fn a_damaged_database_is_searched_as_it_lies() {
    let folder = folder();
    let bytes = [b"SQLite format 3\0".as_slice(), &[b'z'; 4000], b"\nann@example.com\n"].concat();
    fs::write(folder.path().join("x.db"), bytes).unwrap();
    let scan = scanned(folder.path());
    assert_eq!(hits(&scan), [hit("x.db", 2)]);
    let what =
        "cannot be read as a database: Error code 26: file is not a database; it was searched as it lies";
    assert_eq!(troubles(&scan), [("x.db", what)]);
}

#[test]
fn a_write_ahead_log_is_searched_too() {
    let folder = folder();
    let path = folder.path().join("x.db");
    crate::cache::foreign::tests::make(&path, "CREATE TABLE t (a)");
    fs::write(folder.path().join("x.db-wal"), format!("\0\0{TEXT}")).unwrap();
    let scan = scanned(&path);
    assert_eq!(hits(&scan), [hit("x.db-wal", 2)]);
    assert_eq!(scan.inputs.len(), 2);
    assert_eq!(scanned(folder.path()).hits, scan.hits);
}

#[test]
fn compressed_files_that_are_not_unpacked_are_named() {
    let folder = folder();
    fs::write(folder.path().join("a.xz"), b"\xfd7zXZ\0 ann@example.com").unwrap();
    let scan = scanned(folder.path());
    assert_eq!(hits(&scan), [hit("a.xz", 1)]);
    assert_eq!(troubles(&scan), [("a.xz", "is xz, which is not unpacked; it was searched as it lies")]);
}

#[test]
fn every_file_of_a_folder_is_named_in_order_with_its_digest() {
    let folder = folder();
    fs::create_dir_all(folder.path().join("b/.hidden")).unwrap();
    for name in ["c.txt", "a.txt", "b/.hidden/x", "b/z", "B"] {
        fs::write(folder.path().join(name), TEXT).unwrap();
    }
    fs::write(folder.path().join("empty"), "").unwrap();
    let single = folder.path().join("a.txt");
    let places = [place(folder.path()), place(&single)];
    let read = AtomicU64::new(0);
    let told = |bytes| {
        read.fetch_add(bytes, Ordering::Relaxed);
    };
    let scan = scan(&[ann()], &places, &Options { progress: Some(&told), ..Options::default() }).unwrap();
    let names: Vec<_> = scan.inputs.iter().map(|i| (i.place, &*i.file, i.bytes)).collect();
    let long = TEXT.len() as u64;
    let expected = [
        (0, "B", long),
        (0, "a.txt", long),
        (0, "b/.hidden/x", long),
        (0, "b/z", long),
        (0, "c.txt", long),
        (0, "empty", 0),
        (1, "a.txt", long),
    ];
    assert_eq!(names, expected);
    assert_eq!(read.into_inner(), 6 * long);
    // sha256sum </dev/null
    assert_eq!(scan.inputs[5].sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    let modified = fs::metadata(&single).unwrap().modified().unwrap();
    assert_eq!(scan.inputs[6].modified, Some(modified.into()));
    assert_eq!(scan.hits.len(), 6);
}

#[test]
fn a_place_that_is_not_there_is_named() {
    let folder = folder();
    let scan = scanned(&folder.path().join("nowhere"));
    assert_eq!(troubles(&scan), [("nowhere", "does not exist")]);
}

#[test]
fn lines_beyond_the_first_are_counted() {
    let folder = folder();
    let lines: String = (0..100).map(|n| format!("{n} ann@example.com ann@example.com\n")).collect();
    fs::write(folder.path().join("a"), lines).unwrap();
    let scan = scanned(folder.path());
    assert_eq!(hits(&scan), (1..=KEPT as u64).map(|n| hit("a", n)).collect::<Vec<_>>());
    let beyond = Beyond { place: 0, file: "a".to_owned(), subject: 0, kind: HitKind::Email, lines: 80 };
    assert_eq!(scan.beyond, [beyond]);
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::{fs::PermissionsExt as _, fs::symlink, net::UnixListener};

    /// Runs what a scan gives in a thread of its own: it must end.
    fn ends(path: &Path) -> Scan {
        let (send, receive) = std::sync::mpsc::channel();
        let path = path.to_owned();
        std::thread::spawn(move || send.send(scanned(&path)));
        receive.recv_timeout(std::time::Duration::from_secs(120)).expect("the scan must end")
    }

    #[test]
    fn what_is_no_file_is_named_and_never_opened() {
        let folder = folder();
        let path = folder.path();
        assert!(std::process::Command::new("mkfifo").arg(path.join("pipe")).status().unwrap().success());
        let _listener = UnixListener::bind(path.join("socket")).unwrap();
        symlink("/dev/zero", path.join("zero")).unwrap();
        symlink("nowhere", path.join("dangling")).unwrap();
        fs::write(path.join("z"), TEXT).unwrap();
        let scan = ends(path);
        assert_eq!(hits(&scan), [hit("z", 2)]);
        let expected = [
            ("dangling", "links to nothing"),
            ("pipe", "is a FIFO and was not opened"),
            ("socket", "is a socket and was not opened"),
            ("zero", "is a device and was not opened"),
        ];
        assert_eq!(troubles(&scan), expected);
        assert_eq!(troubles(&ends(&path.join("pipe"))), [("pipe", "is a FIFO and was not opened")]);
    }

    #[test]
    fn links_are_followed_once_and_circles_named_once() {
        let (folder, outside) = (folder(), folder());
        let path = folder.path();
        for name in ["a/deep", "b", "c"] {
            fs::create_dir_all(path.join(name)).unwrap();
        }
        for (target, link) in [
            ("../..", "a/deep/up"),
            (".", "self"),
            ("loop", "loop"),
            ("../c", "b/to_c"),
            ("../b", "c/to_b"),
            ("a/x", "same"),
            ("a", "again"),
        ] {
            symlink(target, path.join(link)).unwrap();
        }
        symlink(outside.path(), path.join("out")).unwrap();
        symlink(outside.path(), path.join("out2")).unwrap();
        symlink(path, outside.path().join("back")).unwrap();
        fs::write(path.join("a/x"), TEXT).unwrap();
        fs::write(outside.path().join("y"), TEXT).unwrap();
        let scan = ends(path);
        assert_eq!(hits(&scan), [hit("a/x", 2), hit("out/y", 2)]);
        let circle = "links in a circle and was passed over";
        let expected = [
            ("a/deep/up", circle),
            ("b/to_c", circle),
            ("loop", "links to itself and was passed over"),
            ("out", circle),
            ("self", circle),
        ];
        let told: Vec<_> = troubles(&scan).into_iter().filter(|t| expected.contains(t)).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn what_may_not_be_read_is_named() {
        let folder = folder();
        let path = folder.path();
        fs::create_dir(path.join("closed")).unwrap();
        fs::write(path.join("closed/x"), TEXT).unwrap();
        fs::write(path.join("secret"), TEXT).unwrap();
        fs::write(path.join("z"), TEXT).unwrap();
        for name in ["closed", "secret"] {
            fs::set_permissions(path.join(name), fs::Permissions::from_mode(0o000)).unwrap();
        }
        let scan = ends(path);
        // Root may read everything.
        let may = fs::File::open(path.join("secret")).is_ok();
        fs::set_permissions(path.join("closed"), fs::Permissions::from_mode(0o700)).unwrap();
        if may {
            assert_eq!(hits(&scan), [hit("closed/x", 2), hit("secret", 2), hit("z", 2)]);
        } else {
            assert_eq!(hits(&scan), [hit("z", 2)]);
            let what = "cannot be opened: permission denied";
            assert_eq!(troubles(&scan), [("closed", what), ("secret", what)]);
        }
    }

    /// Opens for everybody, root too, and gives an error when it is read.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_fails_while_it_is_read_is_named_once() {
        let folder = folder();
        symlink("/proc/self/mem", folder.path().join("broken")).unwrap();
        fs::write(folder.path().join("z"), TEXT).unwrap();
        let scan = ends(folder.path());
        assert_eq!(hits(&scan), [hit("z", 2)]);
        let [("broken", what)] = troubles(&scan)[..] else { panic!("{:?}", scan.troubles) };
        assert!(
            what.starts_with("cannot be read further (") && what.ends_with("; the rest was not searched"),
            "{what}"
        );
    }

    #[test]
    fn a_sparse_file_ends() {
        let folder = folder();
        let path = folder.path().join("sparse");
        let file = fs::File::create(&path).unwrap();
        file.set_len(12 << 20).unwrap();
        use std::os::unix::fs::FileExt as _;
        file.write_all_at(b"\nann@example.com\n", 10 << 20).unwrap();
        let scan = ends(&path);
        assert_eq!(hits(&scan), [hit("sparse", 2)]);
        assert_eq!(scan.inputs[0].bytes, 12 << 20);
    }
}
