//! Exports that are sound by themselves: personal values, records that stand twice, columns and files that are not
//! asked for.

use crate::{
    company::{AS_OF, BILLED, LINE, assert_whole, billed, company, json, rejects, run, says},
    home::Home,
};

#[test]
fn personal_values_are_masked_in_rejects_and_never_stored() {
    let home = Home::new();
    let secret = "jane.doe@example.org";
    home.write(
        "tickets.csv",
        format!(
            "ticket_id,account_id,created_at,requester_email,body\n\
             t1,acct_1,2026-10-01,{secret}\0,x\n\
             t2,acct_1,2026-10-01,\"{secret}\"x,x\n\
             t3,acct_1,{secret}\n\
             t4,acct_1,2026-10-01,a,\"{secret}\n"
        ),
    );
    home.write("accounts.json", format!("[{{\"account_id\":\"a\",\"status\":\"active\",\"email\":{{\"is\":\"{secret}\"}}}},\"{secret}\",{{\"email\":\"{secret}\"}}]"));
    let listed = rejects(&home, &["tickets.csv", "accounts.json"]);
    assert_eq!(listed.len(), 7, "{listed:#?}");
    for r in &listed {
        assert!(!r.to_string().contains("jane"), "{r}");
        assert!(r["line"].as_u64().is_some() && r["reason"].as_str().is_some());
    }
    assert!(listed.iter().any(|r| r["value"] == "•••"));
    // A value that is not personal is shown.
    home.write("tickets.csv", "ticket_id,created_at\nt1,31/12/2026\n");
    assert_eq!(rejects(&home, &["tickets.csv"])[0]["value"], "31/12/2026");
    for entry in std::fs::read_dir(home.path().join("cache")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(memchr::memmem::find(&bytes, b"jane").is_none(), "a masked value lies in the cache");
    }
}

#[test]
fn a_record_in_two_exports_counts_once_and_a_conflict_names_both() {
    let home = company();
    home.write("more/billed_usage.csv", format!("{BILLED}{LINE}"));
    let twice = ["reconcile", "good", "more", "--as-of", AS_OF, "--format", "json"];
    let report = json(&run(&home, &twice));
    assert_eq!((report["exit_code"].as_i64(), report["rows"][0]["billed"].as_str()), (Some(0), Some("3100")));
    home.write("more/billed_usage.csv", format!("{BILLED}{}", LINE.replace("3100", "3101")));
    let report = json(&run(&home, &twice));
    let f = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["code"] == "data/conflicting-record")
        .unwrap();
    assert_eq!(f["severity"], "warning");
    says(f["message"].as_str().unwrap(), &["good/billed_usage.csv:2", "more/billed_usage.csv:2", "quantity"]);
    let other = json(&run(&home, &["reconcile", "more", "good", "--as-of", AS_OF, "--format", "json"]));
    assert_eq!(report["rows"], other["rows"], "the order of the files does not matter");
    assert_whole(&home);
}

#[test]
fn of_conflicting_records_the_one_updated_last_wins() {
    let home = company();
    for (first, second, excluded) in
        [("test,2026-01-01", "customer,2026-05-01", 0), ("customer,2026-01-01", "test,2026-05-01", 1)]
    {
        for rows in [
            format!("acct_1,active,{first}\nacct_1,active,{second}\n"),
            format!("acct_1,active,{second}\nacct_1,active,{first}\n"),
        ] {
            home.write("accounts.csv", format!("account_id,status,kind,updated_at\n{rows}"));
            let report = json(&run(
                &home,
                &["reconcile", "good", "accounts.csv", "--as-of", AS_OF, "--format", "json"],
            ));
            assert_eq!(report["summary"]["excluded"], excluded, "{rows}");
            let text = report["findings"].to_string();
            says(&text, &["data/conflicting-record", "accounts.csv:2", "accounts.csv:3"]);
        }
    }
}

#[test]
fn an_absent_column_is_not_judged_and_an_empty_cell_is_a_value() {
    let home = company();
    let rule = |text: &str| {
        home.write("bad.csv", text);
        let report = json(&billed(&home, "bad.csv", &["--format", "json"]));
        let rules = report["rules"].as_array().unwrap().clone();
        rules.into_iter().find(|r| r["code"] == "reconcile/amount-mismatch").unwrap()["missing"].to_string()
    };
    let absent = "line_id,account_id,metric,period_start,period_end,quantity\nl1,acct_1,api_calls,2026-10-01,2026-11-01,3100\n";
    says(&rule(absent), &["billed_usage.amount"]);
    assert!(!rule(&format!("{BILLED}{}", LINE.replace("31.00", ""))).contains("billed_usage.amount"));
}

#[test]
fn files_that_are_no_export_are_passed_over_in_a_folder_and_refused_by_name() {
    let home = company();
    home.write("good/notes.csv", "colour,shape\nred,round\n");
    home.write("good/README.md", "# nothing\n");
    home.write("good/.hidden.csv", "a,b\n");
    let gave = run(&home, &["reconcile", "good", "--as-of", AS_OF]);
    assert_eq!(gave.code, 0, "{gave:?}");
    says(
        &gave.err,
        &[
            "warning: good/notes.csv is no known export",
            "crosscheck profile",
            "good/README.md was passed over",
        ],
    );
    assert!(!gave.err.contains("hidden"), "{gave:?}");
    assert_eq!(run(&home, &["reconcile", "good", "--as-of", AS_OF, "--quiet"]).err, "");
    let named = run(&home, &["reconcile", "good", "good/notes.csv", "--as-of", AS_OF]);
    assert_eq!(named.code, 2, "naming it is meant, though the folder holds it too: {named:?}");
    home.write("near.csv", "account_id,metric,period_start,amount\na,b,2026-10-01,1\n");
    let near = run(&home, &["reconcile", "near.csv"]);
    assert_eq!(near.code, 2);
    says(
        &near.err,
        &["near.csv: is no known export", "nearest: billed_usage", "lacks", "period_end", "quantity"],
    );
    assert_whole(&home);
}
