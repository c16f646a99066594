# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_crosscheck_global_optspecs
    string join \n h/help V/version
end

function __fish_crosscheck_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_crosscheck_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_crosscheck_using_subcommand
    set -l cmd (__fish_crosscheck_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c crosscheck -n "__fish_crosscheck_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -s V -l version -d 'Print version'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "reconcile" -d 'Check usage metered against usage billed'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "charges" -d 'Check every charge against the product\'s state'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "dunning" -d 'Check failed payments: the dunning schedule against access'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "prorate" -d 'Check the mathematics of plan changes against what was billed'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "health" -d 'Check a score for every account, with early warning'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "renewals" -d 'Check the renewals of the next 90 days: risk, and the outreach that is owed'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "triage" -d 'Check every ticket to the right queue'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "flags-audit" -d 'Check feature flags with an owner and an end; which can be deleted today'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "gdpr-delete" -d 'Check a deletion confirmed by every system'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "run" -d 'Run every check whose exports are there: one summary, one exit code'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "import" -d 'Read exports into the cache and remember them for later calls'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "status" -d 'Show what the cache holds, and where it lies'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "checks" -d 'List the checks, what each reads, and which can run on the given exports'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "rejects" -d 'List the rows that could not be used: file, line, column, value, reason'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "show" -d 'Show one finding whole, by the beginning of its fingerprint'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "history" -d 'List the runs that were kept, the newest first'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "diff" -d 'Say what is new, gone and persisting between the last two runs of a check'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "schema" -d 'List the datasets, or one\'s columns; \'report\' and \'run\' give JSON Schema'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "explain" -d 'Say what a finding or a check means, why it matters and what to do'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "profile" -d 'Draft a profile for an unknown export'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "init" -d 'Look at the exports here, and write a crosscheck.toml that names what they are'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "completions" -d 'Print a shell\'s completion script'
complete -c crosscheck -n "__fish_crosscheck_needs_command" -f -a "man" -d 'Write the man pages into a folder'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l threshold -d 'A difference of more than this share is a mismatch [default: 5%]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l min-delta -d 'Quantities that differ by no more than this are no mismatch [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l settle -d 'Judge a period only when it has been over for this long, for late events [default: 0s]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l metric -d 'Judge only this metric (repeatable)' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l by -d 'With \'day\' the rows are an account\'s days, with the files and lines of their events [default: period]' -r -f -a "period\t''
day\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l hold-list -d 'Write the ids of the draft and open invoices that should wait, one a line' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l timezone -d 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l as-of -d 'The moment that stands for now; a day is its first instant in the timezone' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l format -d 'How results are printed [default: table]' -r -f -a "table\t''
json\t''
ndjson\t''
csv\t''
rows-csv\t''
markdown\t''
junit\t''
github\t''
sarif\t''
html\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l fail-on -d 'The least severity that makes the exit code 1 [default: error]' -r -f -a "error\t''
warning\t''
info\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l min-impact -d 'Findings with less money at stake, in any currency, are left out [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l allow-rejects -d 'Rows, or a share such as 1%, that may be unusable before the exit code is 3 [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l rows -d 'Which rows of the result table JSON carries [default: all]' -r -f -a "all\t''
flagged\t''
none\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l limit -d 'The most rows that JSON carries [default: all]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l select -d 'Only findings of these codes (or checks); none: all' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l ignore -d 'No findings of these codes (or checks)' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l account -d 'Only findings and rows of these accounts' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l exclude-account -d 'Accounts that are left out, beside [scope] exclude' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l baseline -d 'An earlier report (JSON) that findings are compared with, instead of the history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l output -d 'Write the report to a file, which appears whole or not at all, instead of standard output' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l report -d 'Write the report in this format to a file as well (repeatable); the file that $GITHUB_STEP_SUMMARY names is added to' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l metrics -d 'Write gauges for Prometheus\' textfile collector to a file, which appears whole or not at all' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l all-rows -d 'Whether a table shows every row, however many'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l only-new -d 'Only what the last fully judged run of the same check, paths and options did not find, or found smaller'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l no-history -d 'Neither read nor write the history of runs'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -l verify -d 'Hash every file again instead of trusting its size and times'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand reconcile" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l max-sync-age -d 'The newest record of the product\'s exports may be this old [default: 24h]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l hold-list -d 'Write the ids of the draft and open invoices that must wait, one a line' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l unverified-list -d 'Write those that only cannot be verified to this file, and not to the hold list' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l timezone -d 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l as-of -d 'The moment that stands for now; a day is its first instant in the timezone' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l format -d 'How results are printed [default: table]' -r -f -a "table\t''
json\t''
ndjson\t''
csv\t''
rows-csv\t''
markdown\t''
junit\t''
github\t''
sarif\t''
html\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l fail-on -d 'The least severity that makes the exit code 1 [default: error]' -r -f -a "error\t''
warning\t''
info\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l min-impact -d 'Findings with less money at stake, in any currency, are left out [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l allow-rejects -d 'Rows, or a share such as 1%, that may be unusable before the exit code is 3 [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l rows -d 'Which rows of the result table JSON carries [default: all]' -r -f -a "all\t''
flagged\t''
none\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l limit -d 'The most rows that JSON carries [default: all]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l select -d 'Only findings of these codes (or checks); none: all' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l ignore -d 'No findings of these codes (or checks)' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l account -d 'Only findings and rows of these accounts' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l exclude-account -d 'Accounts that are left out, beside [scope] exclude' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l baseline -d 'An earlier report (JSON) that findings are compared with, instead of the history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l output -d 'Write the report to a file, which appears whole or not at all, instead of standard output' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l report -d 'Write the report in this format to a file as well (repeatable); the file that $GITHUB_STEP_SUMMARY names is added to' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l metrics -d 'Write gauges for Prometheus\' textfile collector to a file, which appears whole or not at all' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l all -d 'Judge the lines of invoices of every status, not only of draft and open ones'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l all-rows -d 'Whether a table shows every row, however many'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l only-new -d 'Only what the last fully judged run of the same check, paths and options did not find, or found smaller'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l no-history -d 'Neither read nor write the history of runs'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -l verify -d 'Hash every file again instead of trusting its size and times'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand charges" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l preset -d 'With \'stripe-smart\' the vendor picks the times of retries: only messages and access are held to the schedule [default: schedule]' -r -f -a "schedule\t''
stripe-smart\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l hard-declines -d 'Failure codes after which a payment must not be tried again [default: authentication_required,do_not_try_again,fraudulent,highest_risk_level,incorrect_number,invalid_account,lost_card,pickup_card,restricted_card,revocation_of_all_authorizations,revocation_of_authorization,security_violation,stolen_card,stop_payment_order,transaction_not_allowed]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l restore-within -d 'How soon after recovery access must be back [default: 1h]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l timezone -d 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l as-of -d 'The moment that stands for now; a day is its first instant in the timezone' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l format -d 'How results are printed [default: table]' -r -f -a "table\t''
json\t''
ndjson\t''
csv\t''
rows-csv\t''
markdown\t''
junit\t''
github\t''
sarif\t''
html\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l fail-on -d 'The least severity that makes the exit code 1 [default: error]' -r -f -a "error\t''
warning\t''
info\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l min-impact -d 'Findings with less money at stake, in any currency, are left out [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l allow-rejects -d 'Rows, or a share such as 1%, that may be unusable before the exit code is 3 [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l rows -d 'Which rows of the result table JSON carries [default: all]' -r -f -a "all\t''
flagged\t''
none\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l limit -d 'The most rows that JSON carries [default: all]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l select -d 'Only findings of these codes (or checks); none: all' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l ignore -d 'No findings of these codes (or checks)' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l account -d 'Only findings and rows of these accounts' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l exclude-account -d 'Accounts that are left out, beside [scope] exclude' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l baseline -d 'An earlier report (JSON) that findings are compared with, instead of the history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l output -d 'Write the report to a file, which appears whole or not at all, instead of standard output' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l report -d 'Write the report in this format to a file as well (repeatable); the file that $GITHUB_STEP_SUMMARY names is added to' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l metrics -d 'Write gauges for Prometheus\' textfile collector to a file, which appears whole or not at all' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l all-rows -d 'Whether a table shows every row, however many'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l only-new -d 'Only what the last fully judged run of the same check, paths and options did not find, or found smaller'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l no-history -d 'Neither read nor write the history of runs'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -l verify -d 'Hash every file again instead of trusting its size and times'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand dunning" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l by -d 'How time is counted: \'day\' gives the day of the change to the new plan, \'day-inclusive\' counts both ends, \'month30\' gives every month 30 days [default: second]' -r -f -a "second\t''
minute\t''
day\t''
day-inclusive\t''
month30\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l downgrade -d 'What a change to less gives: a credit, the old plan up to the period\'s end, or nothing [default: credit]' -r -f -a "credit\t''
at_period_end\t''
none\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l moment-tolerance -d 'Features may be switched this much before or after the billing change [default: 5m]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l from -d 'A change without exports: the old price for a whole cycle' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l to -d 'The new price for a whole cycle' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l cycle -d 'The billing cycle, START..END, dates or timestamps' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l on -d 'When the change takes effect, a date or timestamp' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l price -d 'A span without exports: the price for a whole period' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l interval -d 'How long a period of the span is [default: month]' -r -f -a "day\t''
week\t''
month\t''
quarter\t''
half-year\t''
year\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l every -d 'So many intervals make a period [default: 1]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l anchor-day -d 'The day of the month on which periods begin, 1 to 31; without it the start\'s own' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l start -d 'The span\'s start, a date or timestamp' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l end -d 'Its end (exclusive), if it has one' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l through -d 'Bill every period whose start this has reached; without it up to the end, else --as-of' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l currency -d 'The currency, ISO 4217 [default: USD]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l quantity -d 'Seats or units (before a change) [default: 1]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l to-quantity -d 'Seats or units after the change; without it as before' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l discount -d 'Off the price, before proration [default: 0%]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l tax -d 'On each prorated line [default: 0%]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l paid -d 'What was paid for the cycle and not yet credited, before tax: the credit is at most this' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l timezone -d 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l as-of -d 'The moment that stands for now; a day is its first instant in the timezone' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l format -d 'How results are printed [default: table]' -r -f -a "table\t''
json\t''
ndjson\t''
csv\t''
rows-csv\t''
markdown\t''
junit\t''
github\t''
sarif\t''
html\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l fail-on -d 'The least severity that makes the exit code 1 [default: error]' -r -f -a "error\t''
warning\t''
info\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l min-impact -d 'Findings with less money at stake, in any currency, are left out [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l allow-rejects -d 'Rows, or a share such as 1%, that may be unusable before the exit code is 3 [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l rows -d 'Which rows of the result table JSON carries [default: all]' -r -f -a "all\t''
flagged\t''
none\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l limit -d 'The most rows that JSON carries [default: all]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l select -d 'Only findings of these codes (or checks); none: all' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l ignore -d 'No findings of these codes (or checks)' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l account -d 'Only findings and rows of these accounts' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l exclude-account -d 'Accounts that are left out, beside [scope] exclude' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l baseline -d 'An earlier report (JSON) that findings are compared with, instead of the history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l output -d 'Write the report to a file, which appears whole or not at all, instead of standard output' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l report -d 'Write the report in this format to a file as well (repeatable); the file that $GITHUB_STEP_SUMMARY names is added to' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l metrics -d 'Write gauges for Prometheus\' textfile collector to a file, which appears whole or not at all' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l show-math -d 'Print each calculation in plain words, to answer \'why was I charged this?\''
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l new-cycle -d 'The new plan has another interval: its cycle starts at the change and is charged whole'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l all-rows -d 'Whether a table shows every row, however many'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l only-new -d 'Only what the last fully judged run of the same check, paths and options did not find, or found smaller'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l no-history -d 'Neither read nor write the history of runs'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -l verify -d 'Hash every file again instead of trusting its size and times'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand prorate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l history -d 'Rows for each of so many days up to the judged one, instead of the judged one alone [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l drop -d 'A fall of so many points within --drop-days is a drop [default: 20]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l drop-days -d 'Days within which a fall is a drop [default: 7]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l base-fall -d 'Where three quarters of the accounts fell by so many points, accounts are judged against the median [default: 5]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l decline -d 'Logins at this share of the earlier ones or less are a decline [default: 60%]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l low -d 'A score under this is low [default: 40]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l leak -d 'A fall of so many points over --leak-days without a drop is a leak [default: 20]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l leak-days -d 'Days over which a leak is looked for [default: 60]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l abandoned-days -d 'A feature that was used on so many days was in use [default: 5]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l silent-days -d 'Days without any activity that are a finding [default: 14]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l weight-logins -d 'Weight of the trend of logins in the score [default: 25]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l weight-adoption -d 'Weight of the share of the plan\'s features in use [default: 25]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l weight-sentiment -d 'Weight of the tickets\' sentiment [default: 20]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l weight-billing -d 'Weight of paid and unpaid invoices [default: 15]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l weight-api -d 'Weight of the trend of API calls [default: 15]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l timezone -d 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l as-of -d 'The moment that stands for now; a day is its first instant in the timezone' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l format -d 'How results are printed [default: table]' -r -f -a "table\t''
json\t''
ndjson\t''
csv\t''
rows-csv\t''
markdown\t''
junit\t''
github\t''
sarif\t''
html\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l fail-on -d 'The least severity that makes the exit code 1 [default: error]' -r -f -a "error\t''
warning\t''
info\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l min-impact -d 'Findings with less money at stake, in any currency, are left out [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l allow-rejects -d 'Rows, or a share such as 1%, that may be unusable before the exit code is 3 [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l rows -d 'Which rows of the result table JSON carries [default: all]' -r -f -a "all\t''
flagged\t''
none\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l limit -d 'The most rows that JSON carries [default: all]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l select -d 'Only findings of these codes (or checks); none: all' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l ignore -d 'No findings of these codes (or checks)' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l account -d 'Only findings and rows of these accounts' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l exclude-account -d 'Accounts that are left out, beside [scope] exclude' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l baseline -d 'An earlier report (JSON) that findings are compared with, instead of the history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l output -d 'Write the report to a file, which appears whole or not at all, instead of standard output' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l report -d 'Write the report in this format to a file as well (repeatable); the file that $GITHUB_STEP_SUMMARY names is added to' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l metrics -d 'Write gauges for Prometheus\' textfile collector to a file, which appears whole or not at all' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l text-sentiment -d 'Read the sentiment of tickets without one from their subject and body'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l all-rows -d 'Whether a table shows every row, however many'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l only-new -d 'Only what the last fully judged run of the same check, paths and options did not find, or found smaller'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l no-history -d 'Neither read nor write the history of runs'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -l verify -d 'Hash every file again instead of trusting its size and times'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand health" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l within -d 'Renewals up to so many days ahead [default: 90]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l ical -d 'Write the steps that are open to this file as a calendar (iCalendar)' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l high-score -d 'A score under this is a high risk [default: 50]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l medium-score -d 'A score under this is a medium risk [default: 70]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l drop -d 'A fall of so many points within --drop-days is a high risk [default: 20]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l drop-days -d 'Days within which a fall is a drop [default: 7]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l drop-within -d 'Days for which a drop is a risk [default: 30]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l high-fall -d 'A fall of so many points over 90 days is a high risk [default: 20]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l medium-fall -d 'A fall of so many points over 90 days is a medium risk [default: 10]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l low-sentiment -d 'A mean sentiment of 90 days under this is a medium risk [default: -0.2]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l less-engagement -d 'Logins or active users that are down by this share over 30 days are a medium risk [default: 30%]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l early -d 'How many days before its date a message may do a step [default: 14]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l late -d 'Days after its date from which a step that was not held is missed [default: 7]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l soon -d 'Days before its date from which a step is due [default: 7]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l near -d 'A renewal within so many days is near: high risk is an error, silence a finding [default: 30]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l silence -d 'Days without any contact that are a finding before a near renewal [default: 90]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l automated -d 'Kinds of messages that machines send; they are no contact [default: deprecation_notice,final_notice,grace_expired,invoice,invoice_sent,known_issue_reply,newsletter,onboarding,payment_failed,payment_receipt,payment_recovered,payment_reminder,payment_urgent,receipt,status_update,trial_ending,upgrade_page,usage_alert]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l timezone -d 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l as-of -d 'The moment that stands for now; a day is its first instant in the timezone' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l format -d 'How results are printed [default: table]' -r -f -a "table\t''
json\t''
ndjson\t''
csv\t''
rows-csv\t''
markdown\t''
junit\t''
github\t''
sarif\t''
html\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l fail-on -d 'The least severity that makes the exit code 1 [default: error]' -r -f -a "error\t''
warning\t''
info\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l min-impact -d 'Findings with less money at stake, in any currency, are left out [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l allow-rejects -d 'Rows, or a share such as 1%, that may be unusable before the exit code is 3 [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l rows -d 'Which rows of the result table JSON carries [default: all]' -r -f -a "all\t''
flagged\t''
none\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l limit -d 'The most rows that JSON carries [default: all]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l select -d 'Only findings of these codes (or checks); none: all' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l ignore -d 'No findings of these codes (or checks)' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l account -d 'Only findings and rows of these accounts' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l exclude-account -d 'Accounts that are left out, beside [scope] exclude' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l baseline -d 'An earlier report (JSON) that findings are compared with, instead of the history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l output -d 'Write the report to a file, which appears whole or not at all, instead of standard output' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l report -d 'Write the report in this format to a file as well (repeatable); the file that $GITHUB_STEP_SUMMARY names is added to' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l metrics -d 'Write gauges for Prometheus\' textfile collector to a file, which appears whole or not at all' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l all-terms -d 'Renewals of terms shorter than a year too'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l all-rows -d 'Whether a table shows every row, however many'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l only-new -d 'Only what the last fully judged run of the same check, paths and options did not find, or found smaller'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l no-history -d 'Neither read nor write the history of runs'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -l verify -d 'Hash every file again instead of trusting its size and times'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand renewals" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l target-enterprise -d 'When the first response is owed to enterprise customers [default: 1h]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l target-business -d 'When it is owed to business customers [default: 4h]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l target-pro -d 'When it is owed to pro customers [default: 8h]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l target-other -d 'When it is owed to all others [default: 24h]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l at-risk -d 'A score under this is at risk, as is a drop by [health] drop within drop_days [default: 50]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l top -d 'The share of the accounts of a currency whose revenue raises the priority [default: 10%]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l left-out -d 'Tags, channels and queues whose tickets are left out [default: merged,closed_by_merge,spam,internal]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l timezone -d 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l as-of -d 'The moment that stands for now; a day is its first instant in the timezone' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l format -d 'How results are printed [default: table]' -r -f -a "table\t''
json\t''
ndjson\t''
csv\t''
rows-csv\t''
markdown\t''
junit\t''
github\t''
sarif\t''
html\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l fail-on -d 'The least severity that makes the exit code 1 [default: error]' -r -f -a "error\t''
warning\t''
info\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l min-impact -d 'Findings with less money at stake, in any currency, are left out [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l allow-rejects -d 'Rows, or a share such as 1%, that may be unusable before the exit code is 3 [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l rows -d 'Which rows of the result table JSON carries [default: all]' -r -f -a "all\t''
flagged\t''
none\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l limit -d 'The most rows that JSON carries [default: all]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l select -d 'Only findings of these codes (or checks); none: all' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l ignore -d 'No findings of these codes (or checks)' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l account -d 'Only findings and rows of these accounts' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l exclude-account -d 'Accounts that are left out, beside [scope] exclude' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l baseline -d 'An earlier report (JSON) that findings are compared with, instead of the history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l output -d 'Write the report to a file, which appears whole or not at all, instead of standard output' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l report -d 'Write the report in this format to a file as well (repeatable); the file that $GITHUB_STEP_SUMMARY names is added to' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l metrics -d 'Write gauges for Prometheus\' textfile collector to a file, which appears whole or not at all' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l all -d 'Judge pending, solved and closed tickets too'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l replay -d 'Judge all tickets by the health of the day on which they came, and sum up by tier what the rules would have changed'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l all-rows -d 'Whether a table shows every row, however many'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l only-new -d 'Only what the last fully judged run of the same check, paths and options did not find, or found smaller'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l no-history -d 'Neither read nor write the history of runs'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -l verify -d 'Hash every file again instead of trusting its size and times'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand triage" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l code -d 'Search this source tree for the flags, in all spellings; ignore files are honoured (repeatable)' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l environment -d 'The environment whose rollout counts, where the export tells them apart [default: production]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l preset -d 'Also call stale what that system would [default: none]' -r -f -a "none\t''
launchdarkly\t''
unleash\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l finished-after -d 'Days at 0 or 100 % after which a flag is finished [default: 30]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l stale-after -d 'Days without evaluation after which a flag is stale [default: 30]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l expiring-within -d 'Days before its end from which a flag is expiring [default: 14]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l settled-after -d 'Days after a change of the rollout before which a removal needs care [default: 30]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l careful -d 'Words in a flag\'s key, its tags or the paths of its code that make its removal need care [default: billing,auth,authentication,authorization,security]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l timezone -d 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l as-of -d 'The moment that stands for now; a day is its first instant in the timezone' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l format -d 'How results are printed [default: table]' -r -f -a "table\t''
json\t''
ndjson\t''
csv\t''
rows-csv\t''
markdown\t''
junit\t''
github\t''
sarif\t''
html\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l fail-on -d 'The least severity that makes the exit code 1 [default: error]' -r -f -a "error\t''
warning\t''
info\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l min-impact -d 'Findings with less money at stake, in any currency, are left out [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l allow-rejects -d 'Rows, or a share such as 1%, that may be unusable before the exit code is 3 [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l rows -d 'Which rows of the result table JSON carries [default: all]' -r -f -a "all\t''
flagged\t''
none\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l limit -d 'The most rows that JSON carries [default: all]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l select -d 'Only findings of these codes (or checks); none: all' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l ignore -d 'No findings of these codes (or checks)' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l account -d 'Only findings and rows of these accounts' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l exclude-account -d 'Accounts that are left out, beside [scope] exclude' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l baseline -d 'An earlier report (JSON) that findings are compared with, instead of the history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l output -d 'Write the report to a file, which appears whole or not at all, instead of standard output' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l report -d 'Write the report in this format to a file as well (repeatable); the file that $GITHUB_STEP_SUMMARY names is added to' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l metrics -d 'Write gauges for Prometheus\' textfile collector to a file, which appears whole or not at all' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l all-rows -d 'Whether a table shows every row, however many'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l only-new -d 'Only what the last fully judged run of the same check, paths and options did not find, or found smaller'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l no-history -d 'Neither read nor write the history of runs'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -l verify -d 'Hash every file again instead of trusting its size and times'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand flags-audit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l scan -d 'SYSTEM=PATH: search what a system still holds: CSV, JSON, text, .gz, .zst, .zip, SQLite files, or folders of them' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l certificate -d 'Write a certificate of each complete request into this folder, as Markdown and as JSON' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l soon -d 'Days before the last one from which on a request is due soon [default: 7]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l holidays -d 'Dates beside Saturday and Sunday on which nobody works, as 2026-12-25' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l suppression -d 'Systems that may keep hashes of addresses, so that nobody is written to again' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l timezone -d 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l as-of -d 'The moment that stands for now; a day is its first instant in the timezone' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l format -d 'How results are printed [default: table]' -r -f -a "table\t''
json\t''
ndjson\t''
csv\t''
rows-csv\t''
markdown\t''
junit\t''
github\t''
sarif\t''
html\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l fail-on -d 'The least severity that makes the exit code 1 [default: error]' -r -f -a "error\t''
warning\t''
info\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l min-impact -d 'Findings with less money at stake, in any currency, are left out [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l allow-rejects -d 'Rows, or a share such as 1%, that may be unusable before the exit code is 3 [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l rows -d 'Which rows of the result table JSON carries [default: all]' -r -f -a "all\t''
flagged\t''
none\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l limit -d 'The most rows that JSON carries [default: all]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l select -d 'Only findings of these codes (or checks); none: all' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l ignore -d 'No findings of these codes (or checks)' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l account -d 'Only findings and rows of these accounts' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l exclude-account -d 'Accounts that are left out, beside [scope] exclude' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l baseline -d 'An earlier report (JSON) that findings are compared with, instead of the history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l output -d 'Write the report to a file, which appears whole or not at all, instead of standard output' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l report -d 'Write the report in this format to a file as well (repeatable); the file that $GITHUB_STEP_SUMMARY names is added to' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l metrics -d 'Write gauges for Prometheus\' textfile collector to a file, which appears whole or not at all' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l reveal -d 'Show personal values in clear; without it they are masked everywhere'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l purge-cache -d 'Afterwards remove the people of the requests from crosscheck\'s own cache, so that no byte is left'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l all-rows -d 'Whether a table shows every row, however many'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l only-new -d 'Only what the last fully judged run of the same check, paths and options did not find, or found smaller'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l no-history -d 'Neither read nor write the history of runs'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -l verify -d 'Hash every file again instead of trusting its size and times'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand gdpr-delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l only -d 'Of `run`, only these checks; one that cannot run is exit code 3' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l skip -d 'Checks that `run` leaves out' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l require -d 'Checks that `run` must be able to run: without their exports the exit code is 3' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l timezone -d 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l as-of -d 'The moment that stands for now; a day is its first instant in the timezone' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l format -d 'How results are printed [default: table]' -r -f -a "table\t''
json\t''
ndjson\t''
csv\t''
rows-csv\t''
markdown\t''
junit\t''
github\t''
sarif\t''
html\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l fail-on -d 'The least severity that makes the exit code 1 [default: error]' -r -f -a "error\t''
warning\t''
info\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l min-impact -d 'Findings with less money at stake, in any currency, are left out [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l allow-rejects -d 'Rows, or a share such as 1%, that may be unusable before the exit code is 3 [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l rows -d 'Which rows of the result table JSON carries [default: all]' -r -f -a "all\t''
flagged\t''
none\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l limit -d 'The most rows that JSON carries [default: all]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l select -d 'Only findings of these codes (or checks); none: all' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l ignore -d 'No findings of these codes (or checks)' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l account -d 'Only findings and rows of these accounts' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l exclude-account -d 'Accounts that are left out, beside [scope] exclude' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l baseline -d 'An earlier report (JSON) that findings are compared with, instead of the history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l output -d 'Write the report to a file, which appears whole or not at all, instead of standard output' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l report -d 'Write the report in this format to a file as well (repeatable); the file that $GITHUB_STEP_SUMMARY names is added to' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l metrics -d 'Write gauges for Prometheus\' textfile collector to a file, which appears whole or not at all' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l details -d 'Each check\'s whole report below the summary'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l all-rows -d 'Whether a table shows every row, however many'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l only-new -d 'Only what the last fully judged run of the same check, paths and options did not find, or found smaller'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l no-history -d 'Neither read nor write the history of runs'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -l verify -d 'Hash every file again instead of trusting its size and times'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand import" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand import" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand import" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand import" -l timezone -d 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand import" -l format -d 'How results are printed [default: table]' -r -f -a "table\t''
json\t''
ndjson\t''
csv\t''
rows-csv\t''
markdown\t''
junit\t''
github\t''
sarif\t''
html\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand import" -l allow-rejects -d 'Rows, or a share such as 1%, that may be unusable before the exit code is 3 [default: 0]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand import" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand import" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand import" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand import" -l verify -d 'Hash every file again instead of trusting its size and times'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand import" -s h -l help -d 'Print help'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand status" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand status" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand status" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand status" -l timezone -d 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand status" -l as-of -d 'The moment that stands for now; a day is its first instant in the timezone' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand status" -l format -d 'How results are printed [default: table]' -r -f -a "table\t''
json\t''
ndjson\t''
csv\t''
rows-csv\t''
markdown\t''
junit\t''
github\t''
sarif\t''
html\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand status" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand status" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand status" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand status" -s h -l help -d 'Print help'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand checks" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand checks" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand checks" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand checks" -l format -d 'How results are printed [default: table]' -r -f -a "table\t''
json\t''
ndjson\t''
csv\t''
rows-csv\t''
markdown\t''
junit\t''
github\t''
sarif\t''
html\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand checks" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand checks" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand checks" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand checks" -s h -l help -d 'Print help'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand rejects" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand rejects" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand rejects" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand rejects" -l timezone -d 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand rejects" -l format -d 'How results are printed [default: table]' -r -f -a "table\t''
json\t''
ndjson\t''
csv\t''
rows-csv\t''
markdown\t''
junit\t''
github\t''
sarif\t''
html\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand rejects" -l limit -d 'The most rows that JSON carries [default: all]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand rejects" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand rejects" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand rejects" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand rejects" -l verify -d 'Hash every file again instead of trusting its size and times'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand rejects" -s h -l help -d 'Print help'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand show" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand show" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand show" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand show" -l timezone -d 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand show" -l as-of -d 'The moment that stands for now; a day is its first instant in the timezone' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand show" -l format -d 'How results are printed [default: table]' -r -f -a "table\t''
json\t''
ndjson\t''
csv\t''
rows-csv\t''
markdown\t''
junit\t''
github\t''
sarif\t''
html\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand show" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand show" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand show" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand show" -l no-history -d 'Neither read nor write the history of runs'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand show" -s h -l help -d 'Print help'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand history" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand history" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand history" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand history" -l format -d 'How results are printed [default: table]' -r -f -a "table\t''
json\t''
ndjson\t''
csv\t''
rows-csv\t''
markdown\t''
junit\t''
github\t''
sarif\t''
html\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand history" -l limit -d 'The most rows that JSON carries [default: all]' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand history" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand history" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand history" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand history" -s h -l help -d 'Print help'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand diff" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand diff" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand diff" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand diff" -l format -d 'How results are printed [default: table]' -r -f -a "table\t''
json\t''
ndjson\t''
csv\t''
rows-csv\t''
markdown\t''
junit\t''
github\t''
sarif\t''
html\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand diff" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand diff" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand diff" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand diff" -s h -l help -d 'Print help'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand schema" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand schema" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand schema" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand schema" -l format -d 'How results are printed [default: table]' -r -f -a "table\t''
json\t''
ndjson\t''
csv\t''
rows-csv\t''
markdown\t''
junit\t''
github\t''
sarif\t''
html\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand schema" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand schema" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand schema" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand schema" -l profiles -d 'List the profiles that map vendors\' exports'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand schema" -s h -l help -d 'Print help'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand explain" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand explain" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand explain" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand explain" -l format -d 'How results are printed [default: table]' -r -f -a "table\t''
json\t''
ndjson\t''
csv\t''
rows-csv\t''
markdown\t''
junit\t''
github\t''
sarif\t''
html\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand explain" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand explain" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand explain" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand explain" -s h -l help -d 'Print help'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand profile" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand profile" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand profile" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand profile" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand profile" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand profile" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand profile" -l write -d 'Add it to crosscheck.toml, so that the next import uses it'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand profile" -s h -l help -d 'Print help'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand init" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand init" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand init" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand init" -l format -d 'How results are printed [default: table]' -r -f -a "table\t''
json\t''
ndjson\t''
csv\t''
rows-csv\t''
markdown\t''
junit\t''
github\t''
sarif\t''
html\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand init" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand init" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand init" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand init" -s h -l help -d 'Print help'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand completions" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand completions" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand completions" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand completions" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand completions" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand completions" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand completions" -s h -l help -d 'Print help'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand man" -l color -d 'Whether the terminal output is coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c crosscheck -n "__fish_crosscheck_using_subcommand man" -l config -d 'The settings file' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand man" -l cache -d 'The folder of cache and history' -r
complete -c crosscheck -n "__fish_crosscheck_using_subcommand man" -l quiet -d 'Nothing on standard error but errors'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand man" -l verbose -d 'More on standard error'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand man" -l no-progress -d 'No progress bars'
complete -c crosscheck -n "__fish_crosscheck_using_subcommand man" -s h -l help -d 'Print help'
