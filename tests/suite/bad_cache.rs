//! A cache that is damaged, foreign, gone, or in a folder that cannot be used.

use crate::{
    company::{AS_OF, assert_whole, company, end, good, many_events, run, run_as, says, start},
    home::{Gave, Home},
};
use std::{
    fs,
    io::{Seek as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Child,
};

const RECONCILE: [&str; 6] = ["reconcile", "good", "--as-of", AS_OF, "--format", "json"];

#[test]
fn two_runs_that_find_a_damaged_cache_set_it_aside_once() {
    let home = company();
    good(&home);
    fold(&home.path().join("cache/cache.sqlite"));
    home.write("cache/cache.sqlite", "no database at all, but long enough to be looked at ".repeat(400));
    let children: Vec<Child> = (0..6).map(|_| start(home.command(&RECONCILE))).collect();
    let gave: Vec<Gave> = children.into_iter().map(end).collect();
    assert!(gave.iter().all(|g| g.code == 0 && g.out == gave[0].out), "{gave:?}");
    assert_eq!(gave.iter().filter(|g| g.err.contains("set aside")).count(), 1, "{gave:?}");
    assert_whole(&home);
}

/// Brings what the cache's log still holds into its file, so that damage to the file is all that is left.
fn fold(cache: &Path) {
    let conn = rusqlite::Connection::open(cache).unwrap();
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
}

/// Spoils the cache, then runs: a warning where it is noticed, and in any case the right result.
fn spoiled(home: &Home, warned: bool, spoil: impl FnOnce(&Path)) {
    let before = good(home);
    assert_eq!(before.code, 0, "{before:?}");
    let cache = home.path().join("cache/cache.sqlite");
    if warned {
        fold(&cache);
    }
    spoil(&cache);
    let gave = good(home);
    assert_eq!((gave.code, &gave.out), (0, &before.out), "{gave:?}");
    if warned {
        says(&gave.err, &["warning: ", "cache.sqlite", "set aside as", "cache.sqlite.aside-", "import"]);
    }
    assert_eq!(good(home).err, "", "the new one is sound");
    assert_whole(home);
}

#[test]
fn a_damaged_or_foreign_cache_is_set_aside() {
    let home = company();
    spoiled(&home, true, |cache| fs::write(cache, "not a database ".repeat(3000)).unwrap());
    spoiled(&home, true, |cache| {
        let noise: Vec<u8> = (0..60_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
        fs::write(cache, noise).unwrap();
    });
    spoiled(&home, true, |cache| {
        let half = fs::metadata(cache).unwrap().len() / 2;
        fs::OpenOptions::new().write(true).open(cache).unwrap().set_len(half).unwrap();
    });
    spoiled(&home, true, |cache| {
        fs::remove_file(cache).unwrap();
        rusqlite::Connection::open(cache)
            .unwrap()
            .execute_batch("CREATE TABLE theirs(x); INSERT INTO theirs VALUES (1)")
            .unwrap();
    });
    let aside = home.path().join("cache/cache.sqlite.aside-4");
    let kept: i64 = rusqlite::Connection::open(aside)
        .unwrap()
        .query_row("SELECT x FROM theirs", [], |r| r.get(0))
        .unwrap();
    assert_eq!(kept, 1, "another program's database is not destroyed");
    // The head is sound, all pages behind it are not.
    spoiled(&home, true, |cache| {
        let mut file = fs::OpenOptions::new().read(true).write(true).open(cache).unwrap();
        let len = file.metadata().unwrap().len();
        file.seek(std::io::SeekFrom::Start(16_384)).unwrap();
        file.write_all(&vec![0xa5; usize::try_from(len - 16_384).unwrap()]).unwrap();
    });
    // The log still holds pages of it.
    spoiled(&home, false, |cache| fs::write(cache, "not a database ".repeat(3000)).unwrap());
    spoiled(&home, false, |cache| fs::write(cache, "").unwrap());
    spoiled(&home, false, |cache| fs::remove_file(cache).unwrap());
    spoiled(&home, false, |cache| fs::remove_dir_all(cache.parent().unwrap()).unwrap());
}

#[test]
fn a_pack_that_is_gone_or_damaged_is_made_anew() {
    let home = company();
    home.write("big/usage_events.csv", many_events(100_000));
    let call = ["reconcile", "big", "good/billed_usage.csv", "--as-of", AS_OF, "--format", "json"];
    let before = run(&home, &call);
    let packs = || -> Vec<_> {
        let all = fs::read_dir(home.path().join("cache")).unwrap().map(|e| e.unwrap().path());
        all.filter(|p| p.file_name().unwrap().to_str().unwrap().starts_with("pack-")).collect()
    };
    let spoils: [fn(&Path); 3] = [
        |pack| fs::remove_file(pack).unwrap(),
        |pack| fs::write(pack, "nothing of use ".repeat(9000)).unwrap(),
        |pack| fs::OpenOptions::new().write(true).open(pack).unwrap().set_len(70_000).unwrap(),
    ];
    for spoil in spoils {
        assert_eq!(packs().len(), 1, "{:?}", packs());
        spoil(&packs()[0]);
        let gave = run(&home, &call);
        assert_eq!((gave.code, &gave.out), (before.code, &before.out), "{gave:?}");
        let again = run(&home, &call);
        assert_eq!((&again.err, &again.out), (&before.err, &before.out), "{again:?}");
    }
}

#[test]
fn a_cache_folder_that_cannot_be_used_costs_only_time() {
    let home = company();
    home.write("file", "no folder");
    let plain = good(&home);
    for folder in ["file/cache", "/proc/crosscheck/cache", "/dev/null"] {
        let mut command = home.command(&RECONCILE);
        command.env("CROSSCHECK_CACHE", folder);
        let gave = run_as(command);
        assert_eq!((gave.code, &gave.out), (0, &plain.out), "{gave:?}");
        says(&gave.err, &["warning: ", folder, "cannot be used", "reads every export anew"]);
    }
    assert_whole(&home);
}

#[test]
fn the_cache_is_for_its_owner_alone() {
    let home = company();
    home.write("big/usage_events.csv", many_events(60_000));
    run(&home, &["import", "big", "good"]);
    let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.path().join("cache")), 0o700);
    for entry in fs::read_dir(home.path().join("cache")).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}
