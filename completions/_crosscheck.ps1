
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'crosscheck' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'crosscheck'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'crosscheck' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('reconcile', 'reconcile', [CompletionResultType]::ParameterValue, 'Check usage metered against usage billed')
            [CompletionResult]::new('charges', 'charges', [CompletionResultType]::ParameterValue, 'Check every charge against the product''s state')
            [CompletionResult]::new('dunning', 'dunning', [CompletionResultType]::ParameterValue, 'Check failed payments: the dunning schedule against access')
            [CompletionResult]::new('prorate', 'prorate', [CompletionResultType]::ParameterValue, 'Check the mathematics of plan changes against what was billed')
            [CompletionResult]::new('health', 'health', [CompletionResultType]::ParameterValue, 'Check a score for every account, with early warning')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Read exports into the cache and remember them for later calls')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show what the cache holds, and where it lies')
            [CompletionResult]::new('checks', 'checks', [CompletionResultType]::ParameterValue, 'List the checks, what each reads, and which can run on the given exports')
            [CompletionResult]::new('rejects', 'rejects', [CompletionResultType]::ParameterValue, 'List the rows that could not be used: file, line, column, value, reason')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one finding whole, by the beginning of its fingerprint')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'List the datasets, or one''s columns; ''report'' is the JSON Schema of reports')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Say what a finding or a check means, why it matters and what to do')
            [CompletionResult]::new('profile', 'profile', [CompletionResultType]::ParameterValue, 'Draft a profile for an unknown export')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Write a commented crosscheck.toml with every default')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a shell''s completion script')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Write the man pages into a folder')
            break
        }
        'crosscheck;reconcile' {
            [CompletionResult]::new('--threshold', '--threshold', [CompletionResultType]::ParameterName, 'A difference of more than this share is a mismatch [default: 5%]')
            [CompletionResult]::new('--min-delta', '--min-delta', [CompletionResultType]::ParameterName, 'Quantities that differ by no more than this are no mismatch [default: 0]')
            [CompletionResult]::new('--settle', '--settle', [CompletionResultType]::ParameterName, 'Judge a period only when it has been over for this long, for late events [default: 0s]')
            [CompletionResult]::new('--metric', '--metric', [CompletionResultType]::ParameterName, 'Judge only this metric (repeatable)')
            [CompletionResult]::new('--by', '--by', [CompletionResultType]::ParameterName, 'With ''day'' the rows are an account''s days, with the files and lines of their events [default: period]')
            [CompletionResult]::new('--hold-list', '--hold-list', [CompletionResultType]::ParameterName, 'Write the ids of the draft and open invoices that should wait, one a line')
            [CompletionResult]::new('--timezone', '--timezone', [CompletionResultType]::ParameterName, 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]')
            [CompletionResult]::new('--as-of', '--as-of', [CompletionResultType]::ParameterName, 'The moment that stands for now; a day is its first instant in the timezone')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed [default: table]')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'The least severity that makes the exit code 1 [default: error]')
            [CompletionResult]::new('--min-impact', '--min-impact', [CompletionResultType]::ParameterName, 'Findings with less money at stake, in any currency, are left out [default: 0]')
            [CompletionResult]::new('--allow-rejects', '--allow-rejects', [CompletionResultType]::ParameterName, 'Rows, or a share such as 1%, that may be unusable before the exit code is 3 [default: 0]')
            [CompletionResult]::new('--rows', '--rows', [CompletionResultType]::ParameterName, 'Which rows of the result table JSON carries [default: all]')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'The most rows that JSON carries [default: all]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Whether the terminal output is coloured [default: auto]')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Only findings of these codes (or checks); none: all')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'No findings of these codes (or checks)')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Only findings and rows of these accounts')
            [CompletionResult]::new('--exclude-account', '--exclude-account', [CompletionResultType]::ParameterName, 'Accounts that are left out, beside [scope] exclude')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'The folder of cache and history')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the report to a file, which appears whole or not at all, instead of standard output')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write the report in this format to a file as well (repeatable)')
            [CompletionResult]::new('--all-rows', '--all-rows', [CompletionResultType]::ParameterName, 'Whether a table shows every row, however many')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on standard error but errors')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on standard error')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'No progress bars')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Hash every file again instead of trusting its size and times')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'crosscheck;charges' {
            [CompletionResult]::new('--max-sync-age', '--max-sync-age', [CompletionResultType]::ParameterName, 'The newest record of the product''s exports may be this old [default: 24h]')
            [CompletionResult]::new('--hold-list', '--hold-list', [CompletionResultType]::ParameterName, 'Write the ids of the draft and open invoices that must wait, one a line')
            [CompletionResult]::new('--unverified-list', '--unverified-list', [CompletionResultType]::ParameterName, 'Write those that only cannot be verified to this file, and not to the hold list')
            [CompletionResult]::new('--timezone', '--timezone', [CompletionResultType]::ParameterName, 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]')
            [CompletionResult]::new('--as-of', '--as-of', [CompletionResultType]::ParameterName, 'The moment that stands for now; a day is its first instant in the timezone')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed [default: table]')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'The least severity that makes the exit code 1 [default: error]')
            [CompletionResult]::new('--min-impact', '--min-impact', [CompletionResultType]::ParameterName, 'Findings with less money at stake, in any currency, are left out [default: 0]')
            [CompletionResult]::new('--allow-rejects', '--allow-rejects', [CompletionResultType]::ParameterName, 'Rows, or a share such as 1%, that may be unusable before the exit code is 3 [default: 0]')
            [CompletionResult]::new('--rows', '--rows', [CompletionResultType]::ParameterName, 'Which rows of the result table JSON carries [default: all]')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'The most rows that JSON carries [default: all]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Whether the terminal output is coloured [default: auto]')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Only findings of these codes (or checks); none: all')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'No findings of these codes (or checks)')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Only findings and rows of these accounts')
            [CompletionResult]::new('--exclude-account', '--exclude-account', [CompletionResultType]::ParameterName, 'Accounts that are left out, beside [scope] exclude')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'The folder of cache and history')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the report to a file, which appears whole or not at all, instead of standard output')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write the report in this format to a file as well (repeatable)')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Judge the lines of invoices of every status, not only of draft and open ones')
            [CompletionResult]::new('--all-rows', '--all-rows', [CompletionResultType]::ParameterName, 'Whether a table shows every row, however many')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on standard error but errors')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on standard error')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'No progress bars')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Hash every file again instead of trusting its size and times')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'crosscheck;dunning' {
            [CompletionResult]::new('--preset', '--preset', [CompletionResultType]::ParameterName, 'With ''stripe-smart'' the vendor picks the times of retries: only messages and access are held to the schedule [default: schedule]')
            [CompletionResult]::new('--hard-declines', '--hard-declines', [CompletionResultType]::ParameterName, 'Failure codes after which a payment must not be tried again [default: authentication_required,do_not_try_again,fraudulent,highest_risk_level,incorrect_number,invalid_account,lost_card,pickup_card,restricted_card,revocation_of_all_authorizations,revocation_of_authorization,security_violation,stolen_card,stop_payment_order,transaction_not_allowed]')
            [CompletionResult]::new('--restore-within', '--restore-within', [CompletionResultType]::ParameterName, 'How soon after recovery access must be back [default: 1h]')
            [CompletionResult]::new('--timezone', '--timezone', [CompletionResultType]::ParameterName, 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]')
            [CompletionResult]::new('--as-of', '--as-of', [CompletionResultType]::ParameterName, 'The moment that stands for now; a day is its first instant in the timezone')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed [default: table]')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'The least severity that makes the exit code 1 [default: error]')
            [CompletionResult]::new('--min-impact', '--min-impact', [CompletionResultType]::ParameterName, 'Findings with less money at stake, in any currency, are left out [default: 0]')
            [CompletionResult]::new('--allow-rejects', '--allow-rejects', [CompletionResultType]::ParameterName, 'Rows, or a share such as 1%, that may be unusable before the exit code is 3 [default: 0]')
            [CompletionResult]::new('--rows', '--rows', [CompletionResultType]::ParameterName, 'Which rows of the result table JSON carries [default: all]')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'The most rows that JSON carries [default: all]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Whether the terminal output is coloured [default: auto]')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Only findings of these codes (or checks); none: all')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'No findings of these codes (or checks)')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Only findings and rows of these accounts')
            [CompletionResult]::new('--exclude-account', '--exclude-account', [CompletionResultType]::ParameterName, 'Accounts that are left out, beside [scope] exclude')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'The folder of cache and history')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the report to a file, which appears whole or not at all, instead of standard output')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write the report in this format to a file as well (repeatable)')
            [CompletionResult]::new('--all-rows', '--all-rows', [CompletionResultType]::ParameterName, 'Whether a table shows every row, however many')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on standard error but errors')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on standard error')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'No progress bars')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Hash every file again instead of trusting its size and times')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'crosscheck;prorate' {
            [CompletionResult]::new('--by', '--by', [CompletionResultType]::ParameterName, 'How time is counted: ''day'' gives the day of the change to the new plan, ''day-inclusive'' counts both ends, ''month30'' gives every month 30 days [default: second]')
            [CompletionResult]::new('--downgrade', '--downgrade', [CompletionResultType]::ParameterName, 'What a change to less gives: a credit, the old plan up to the period''s end, or nothing [default: credit]')
            [CompletionResult]::new('--moment-tolerance', '--moment-tolerance', [CompletionResultType]::ParameterName, 'Features may be switched this much before or after the billing change [default: 5m]')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'A change without exports: the old price for a whole cycle')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'The new price for a whole cycle')
            [CompletionResult]::new('--cycle', '--cycle', [CompletionResultType]::ParameterName, 'The billing cycle, START..END, dates or timestamps')
            [CompletionResult]::new('--on', '--on', [CompletionResultType]::ParameterName, 'When the change takes effect, a date or timestamp')
            [CompletionResult]::new('--price', '--price', [CompletionResultType]::ParameterName, 'A span without exports: the price for a whole period')
            [CompletionResult]::new('--interval', '--interval', [CompletionResultType]::ParameterName, 'How long a period of the span is [default: month]')
            [CompletionResult]::new('--every', '--every', [CompletionResultType]::ParameterName, 'So many intervals make a period [default: 1]')
            [CompletionResult]::new('--anchor-day', '--anchor-day', [CompletionResultType]::ParameterName, 'The day of the month on which periods begin, 1 to 31; without it the start''s own')
            [CompletionResult]::new('--start', '--start', [CompletionResultType]::ParameterName, 'The span''s start, a date or timestamp')
            [CompletionResult]::new('--end', '--end', [CompletionResultType]::ParameterName, 'Its end (exclusive), if it has one')
            [CompletionResult]::new('--through', '--through', [CompletionResultType]::ParameterName, 'Bill every period whose start this has reached; without it up to the end, else --as-of')
            [CompletionResult]::new('--currency', '--currency', [CompletionResultType]::ParameterName, 'The currency, ISO 4217 [default: USD]')
            [CompletionResult]::new('--quantity', '--quantity', [CompletionResultType]::ParameterName, 'Seats or units (before a change) [default: 1]')
            [CompletionResult]::new('--to-quantity', '--to-quantity', [CompletionResultType]::ParameterName, 'Seats or units after the change; without it as before')
            [CompletionResult]::new('--discount', '--discount', [CompletionResultType]::ParameterName, 'Off the price, before proration [default: 0%]')
            [CompletionResult]::new('--tax', '--tax', [CompletionResultType]::ParameterName, 'On each prorated line [default: 0%]')
            [CompletionResult]::new('--paid', '--paid', [CompletionResultType]::ParameterName, 'What was paid for the cycle and not yet credited, before tax: the credit is at most this')
            [CompletionResult]::new('--timezone', '--timezone', [CompletionResultType]::ParameterName, 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]')
            [CompletionResult]::new('--as-of', '--as-of', [CompletionResultType]::ParameterName, 'The moment that stands for now; a day is its first instant in the timezone')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed [default: table]')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'The least severity that makes the exit code 1 [default: error]')
            [CompletionResult]::new('--min-impact', '--min-impact', [CompletionResultType]::ParameterName, 'Findings with less money at stake, in any currency, are left out [default: 0]')
            [CompletionResult]::new('--allow-rejects', '--allow-rejects', [CompletionResultType]::ParameterName, 'Rows, or a share such as 1%, that may be unusable before the exit code is 3 [default: 0]')
            [CompletionResult]::new('--rows', '--rows', [CompletionResultType]::ParameterName, 'Which rows of the result table JSON carries [default: all]')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'The most rows that JSON carries [default: all]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Whether the terminal output is coloured [default: auto]')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Only findings of these codes (or checks); none: all')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'No findings of these codes (or checks)')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Only findings and rows of these accounts')
            [CompletionResult]::new('--exclude-account', '--exclude-account', [CompletionResultType]::ParameterName, 'Accounts that are left out, beside [scope] exclude')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'The folder of cache and history')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the report to a file, which appears whole or not at all, instead of standard output')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write the report in this format to a file as well (repeatable)')
            [CompletionResult]::new('--show-math', '--show-math', [CompletionResultType]::ParameterName, 'Print each calculation in plain words, to answer ''why was I charged this?''')
            [CompletionResult]::new('--new-cycle', '--new-cycle', [CompletionResultType]::ParameterName, 'The new plan has another interval: its cycle starts at the change and is charged whole')
            [CompletionResult]::new('--all-rows', '--all-rows', [CompletionResultType]::ParameterName, 'Whether a table shows every row, however many')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on standard error but errors')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on standard error')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'No progress bars')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Hash every file again instead of trusting its size and times')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'crosscheck;health' {
            [CompletionResult]::new('--history', '--history', [CompletionResultType]::ParameterName, 'Rows for each of so many days up to the judged one, instead of the judged one alone [default: 0]')
            [CompletionResult]::new('--drop', '--drop', [CompletionResultType]::ParameterName, 'A fall of so many points within --drop-days is a drop [default: 20]')
            [CompletionResult]::new('--drop-days', '--drop-days', [CompletionResultType]::ParameterName, 'Days within which a fall is a drop [default: 7]')
            [CompletionResult]::new('--base-fall', '--base-fall', [CompletionResultType]::ParameterName, 'Where three quarters of the accounts fell by so many points, accounts are judged against the median [default: 5]')
            [CompletionResult]::new('--decline', '--decline', [CompletionResultType]::ParameterName, 'Logins at this share of the earlier ones or less are a decline [default: 60%]')
            [CompletionResult]::new('--low', '--low', [CompletionResultType]::ParameterName, 'A score under this is low [default: 40]')
            [CompletionResult]::new('--leak', '--leak', [CompletionResultType]::ParameterName, 'A fall of so many points over --leak-days without a drop is a leak [default: 20]')
            [CompletionResult]::new('--leak-days', '--leak-days', [CompletionResultType]::ParameterName, 'Days over which a leak is looked for [default: 60]')
            [CompletionResult]::new('--abandoned-days', '--abandoned-days', [CompletionResultType]::ParameterName, 'A feature that was used on so many days was in use [default: 5]')
            [CompletionResult]::new('--silent-days', '--silent-days', [CompletionResultType]::ParameterName, 'Days without any activity that are a finding [default: 14]')
            [CompletionResult]::new('--weight-logins', '--weight-logins', [CompletionResultType]::ParameterName, 'Weight of the trend of logins in the score [default: 25]')
            [CompletionResult]::new('--weight-adoption', '--weight-adoption', [CompletionResultType]::ParameterName, 'Weight of the share of the plan''s features in use [default: 25]')
            [CompletionResult]::new('--weight-sentiment', '--weight-sentiment', [CompletionResultType]::ParameterName, 'Weight of the tickets'' sentiment [default: 20]')
            [CompletionResult]::new('--weight-billing', '--weight-billing', [CompletionResultType]::ParameterName, 'Weight of paid and unpaid invoices [default: 15]')
            [CompletionResult]::new('--weight-api', '--weight-api', [CompletionResultType]::ParameterName, 'Weight of the trend of API calls [default: 15]')
            [CompletionResult]::new('--timezone', '--timezone', [CompletionResultType]::ParameterName, 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]')
            [CompletionResult]::new('--as-of', '--as-of', [CompletionResultType]::ParameterName, 'The moment that stands for now; a day is its first instant in the timezone')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed [default: table]')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'The least severity that makes the exit code 1 [default: error]')
            [CompletionResult]::new('--min-impact', '--min-impact', [CompletionResultType]::ParameterName, 'Findings with less money at stake, in any currency, are left out [default: 0]')
            [CompletionResult]::new('--allow-rejects', '--allow-rejects', [CompletionResultType]::ParameterName, 'Rows, or a share such as 1%, that may be unusable before the exit code is 3 [default: 0]')
            [CompletionResult]::new('--rows', '--rows', [CompletionResultType]::ParameterName, 'Which rows of the result table JSON carries [default: all]')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'The most rows that JSON carries [default: all]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Whether the terminal output is coloured [default: auto]')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Only findings of these codes (or checks); none: all')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'No findings of these codes (or checks)')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Only findings and rows of these accounts')
            [CompletionResult]::new('--exclude-account', '--exclude-account', [CompletionResultType]::ParameterName, 'Accounts that are left out, beside [scope] exclude')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'The folder of cache and history')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the report to a file, which appears whole or not at all, instead of standard output')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write the report in this format to a file as well (repeatable)')
            [CompletionResult]::new('--text-sentiment', '--text-sentiment', [CompletionResultType]::ParameterName, 'Read the sentiment of tickets without one from their subject and body')
            [CompletionResult]::new('--all-rows', '--all-rows', [CompletionResultType]::ParameterName, 'Whether a table shows every row, however many')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on standard error but errors')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on standard error')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'No progress bars')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Hash every file again instead of trusting its size and times')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'crosscheck;import' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Whether the terminal output is coloured [default: auto]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'The folder of cache and history')
            [CompletionResult]::new('--timezone', '--timezone', [CompletionResultType]::ParameterName, 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed [default: table]')
            [CompletionResult]::new('--allow-rejects', '--allow-rejects', [CompletionResultType]::ParameterName, 'Rows, or a share such as 1%, that may be unusable before the exit code is 3 [default: 0]')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on standard error but errors')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on standard error')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'No progress bars')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Hash every file again instead of trusting its size and times')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'crosscheck;status' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Whether the terminal output is coloured [default: auto]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'The folder of cache and history')
            [CompletionResult]::new('--timezone', '--timezone', [CompletionResultType]::ParameterName, 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]')
            [CompletionResult]::new('--as-of', '--as-of', [CompletionResultType]::ParameterName, 'The moment that stands for now; a day is its first instant in the timezone')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed [default: table]')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on standard error but errors')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on standard error')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'No progress bars')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'crosscheck;checks' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Whether the terminal output is coloured [default: auto]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'The folder of cache and history')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed [default: table]')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on standard error but errors')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on standard error')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'No progress bars')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'crosscheck;rejects' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Whether the terminal output is coloured [default: auto]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'The folder of cache and history')
            [CompletionResult]::new('--timezone', '--timezone', [CompletionResultType]::ParameterName, 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed [default: table]')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'The most rows that JSON carries [default: all]')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on standard error but errors')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on standard error')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'No progress bars')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Hash every file again instead of trusting its size and times')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'crosscheck;show' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Whether the terminal output is coloured [default: auto]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'The folder of cache and history')
            [CompletionResult]::new('--timezone', '--timezone', [CompletionResultType]::ParameterName, 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]')
            [CompletionResult]::new('--as-of', '--as-of', [CompletionResultType]::ParameterName, 'The moment that stands for now; a day is its first instant in the timezone')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed [default: table]')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on standard error but errors')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on standard error')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'No progress bars')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'crosscheck;schema' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Whether the terminal output is coloured [default: auto]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'The folder of cache and history')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed [default: table]')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on standard error but errors')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on standard error')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'No progress bars')
            [CompletionResult]::new('--profiles', '--profiles', [CompletionResultType]::ParameterName, 'List the profiles that map vendors'' exports')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'crosscheck;explain' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Whether the terminal output is coloured [default: auto]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'The folder of cache and history')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed [default: table]')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on standard error but errors')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on standard error')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'No progress bars')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'crosscheck;profile' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Whether the terminal output is coloured [default: auto]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'The folder of cache and history')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on standard error but errors')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on standard error')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'No progress bars')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'crosscheck;init' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Whether the terminal output is coloured [default: auto]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'The folder of cache and history')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on standard error but errors')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on standard error')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'No progress bars')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'crosscheck;completions' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Whether the terminal output is coloured [default: auto]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'The folder of cache and history')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on standard error but errors')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on standard error')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'No progress bars')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'crosscheck;man' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Whether the terminal output is coloured [default: auto]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The settings file')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'The folder of cache and history')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on standard error but errors')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on standard error')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'No progress bars')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
