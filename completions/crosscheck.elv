
use builtin;
use str;

set edit:completion:arg-completer[crosscheck] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'crosscheck'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'crosscheck'= {
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand reconcile 'Check usage metered against usage billed'
            cand health 'Check a score for every account, with early warning'
            cand import 'Read exports into the cache and remember them for later calls'
            cand status 'Show what the cache holds, and where it lies'
            cand checks 'List the checks, what each reads, and which can run on the given exports'
            cand rejects 'List the rows that could not be used: file, line, column, value, reason'
            cand show 'Show one finding whole, by the beginning of its fingerprint'
            cand schema 'List the datasets, or one''s columns; ''report'' is the JSON Schema of reports'
            cand explain 'Say what a finding or a check means, why it matters and what to do'
            cand profile 'Draft a profile for an unknown export'
            cand init 'Write a commented crosscheck.toml with every default'
            cand completions 'Print a shell''s completion script'
            cand man 'Write the man pages into a folder'
        }
        &'crosscheck;reconcile'= {
            cand --threshold 'A difference of more than this share is a mismatch [default: 5%]'
            cand --min-delta 'Quantities that differ by no more than this are no mismatch [default: 0]'
            cand --settle 'Judge a period only when it has been over for this long, for late events [default: 0s]'
            cand --metric 'Judge only this metric (repeatable)'
            cand --by 'With ''day'' the rows are an account''s days, with the files and lines of their events [default: period]'
            cand --hold-list 'Write the ids of the draft and open invoices that should wait, one a line'
            cand --timezone 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]'
            cand --as-of 'The moment that stands for now; a day is its first instant in the timezone'
            cand --format 'How results are printed [default: table]'
            cand --fail-on 'The least severity that makes the exit code 1 [default: error]'
            cand --min-impact 'Findings with less money at stake, in any currency, are left out [default: 0]'
            cand --allow-rejects 'Rows, or a share such as 1%, that may be unusable before the exit code is 3 [default: 0]'
            cand --rows 'Which rows of the result table JSON carries [default: all]'
            cand --limit 'The most rows that JSON carries [default: all]'
            cand --color 'Whether the terminal output is coloured [default: auto]'
            cand --select 'Only findings of these codes (or checks); none: all'
            cand --ignore 'No findings of these codes (or checks)'
            cand --account 'Only findings and rows of these accounts'
            cand --exclude-account 'Accounts that are left out, beside [scope] exclude'
            cand --config 'The settings file'
            cand --cache 'The folder of cache and history'
            cand --output 'Write the report to a file, which appears whole or not at all, instead of standard output'
            cand --report 'Write the report in this format to a file as well (repeatable)'
            cand --all-rows 'Whether a table shows every row, however many'
            cand --quiet 'Nothing on standard error but errors'
            cand --verbose 'More on standard error'
            cand --no-progress 'No progress bars'
            cand --verify 'Hash every file again instead of trusting its size and times'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'crosscheck;health'= {
            cand --history 'Rows for each of so many days up to the judged one, instead of the judged one alone [default: 0]'
            cand --drop 'A fall of so many points within --drop-days is a drop [default: 20]'
            cand --drop-days 'Days within which a fall is a drop [default: 7]'
            cand --base-fall 'Where three quarters of the accounts fell by so many points, accounts are judged against the median [default: 5]'
            cand --decline 'Logins at this share of the earlier ones or less are a decline [default: 60%]'
            cand --low 'A score under this is low [default: 40]'
            cand --leak 'A fall of so many points over --leak-days without a drop is a leak [default: 20]'
            cand --leak-days 'Days over which a leak is looked for [default: 60]'
            cand --abandoned-days 'A feature that was used on so many days was in use [default: 5]'
            cand --silent-days 'Days without any activity that are a finding [default: 14]'
            cand --weight-logins 'Weight of the trend of logins in the score [default: 25]'
            cand --weight-adoption 'Weight of the share of the plan''s features in use [default: 25]'
            cand --weight-sentiment 'Weight of the tickets'' sentiment [default: 20]'
            cand --weight-billing 'Weight of paid and unpaid invoices [default: 15]'
            cand --weight-api 'Weight of the trend of API calls [default: 15]'
            cand --timezone 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]'
            cand --as-of 'The moment that stands for now; a day is its first instant in the timezone'
            cand --format 'How results are printed [default: table]'
            cand --fail-on 'The least severity that makes the exit code 1 [default: error]'
            cand --min-impact 'Findings with less money at stake, in any currency, are left out [default: 0]'
            cand --allow-rejects 'Rows, or a share such as 1%, that may be unusable before the exit code is 3 [default: 0]'
            cand --rows 'Which rows of the result table JSON carries [default: all]'
            cand --limit 'The most rows that JSON carries [default: all]'
            cand --color 'Whether the terminal output is coloured [default: auto]'
            cand --select 'Only findings of these codes (or checks); none: all'
            cand --ignore 'No findings of these codes (or checks)'
            cand --account 'Only findings and rows of these accounts'
            cand --exclude-account 'Accounts that are left out, beside [scope] exclude'
            cand --config 'The settings file'
            cand --cache 'The folder of cache and history'
            cand --output 'Write the report to a file, which appears whole or not at all, instead of standard output'
            cand --report 'Write the report in this format to a file as well (repeatable)'
            cand --text-sentiment 'Read the sentiment of tickets without one from their subject and body'
            cand --all-rows 'Whether a table shows every row, however many'
            cand --quiet 'Nothing on standard error but errors'
            cand --verbose 'More on standard error'
            cand --no-progress 'No progress bars'
            cand --verify 'Hash every file again instead of trusting its size and times'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'crosscheck;import'= {
            cand --color 'Whether the terminal output is coloured [default: auto]'
            cand --config 'The settings file'
            cand --cache 'The folder of cache and history'
            cand --timezone 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]'
            cand --format 'How results are printed [default: table]'
            cand --allow-rejects 'Rows, or a share such as 1%, that may be unusable before the exit code is 3 [default: 0]'
            cand --quiet 'Nothing on standard error but errors'
            cand --verbose 'More on standard error'
            cand --no-progress 'No progress bars'
            cand --verify 'Hash every file again instead of trusting its size and times'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'crosscheck;status'= {
            cand --color 'Whether the terminal output is coloured [default: auto]'
            cand --config 'The settings file'
            cand --cache 'The folder of cache and history'
            cand --timezone 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]'
            cand --as-of 'The moment that stands for now; a day is its first instant in the timezone'
            cand --format 'How results are printed [default: table]'
            cand --quiet 'Nothing on standard error but errors'
            cand --verbose 'More on standard error'
            cand --no-progress 'No progress bars'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'crosscheck;checks'= {
            cand --color 'Whether the terminal output is coloured [default: auto]'
            cand --config 'The settings file'
            cand --cache 'The folder of cache and history'
            cand --format 'How results are printed [default: table]'
            cand --quiet 'Nothing on standard error but errors'
            cand --verbose 'More on standard error'
            cand --no-progress 'No progress bars'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'crosscheck;rejects'= {
            cand --color 'Whether the terminal output is coloured [default: auto]'
            cand --config 'The settings file'
            cand --cache 'The folder of cache and history'
            cand --timezone 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]'
            cand --format 'How results are printed [default: table]'
            cand --limit 'The most rows that JSON carries [default: all]'
            cand --quiet 'Nothing on standard error but errors'
            cand --verbose 'More on standard error'
            cand --no-progress 'No progress bars'
            cand --verify 'Hash every file again instead of trusting its size and times'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'crosscheck;show'= {
            cand --color 'Whether the terminal output is coloured [default: auto]'
            cand --config 'The settings file'
            cand --cache 'The folder of cache and history'
            cand --timezone 'The IANA zone of timestamps without an offset and of day boundaries [default: UTC]'
            cand --as-of 'The moment that stands for now; a day is its first instant in the timezone'
            cand --format 'How results are printed [default: table]'
            cand --quiet 'Nothing on standard error but errors'
            cand --verbose 'More on standard error'
            cand --no-progress 'No progress bars'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'crosscheck;schema'= {
            cand --color 'Whether the terminal output is coloured [default: auto]'
            cand --config 'The settings file'
            cand --cache 'The folder of cache and history'
            cand --format 'How results are printed [default: table]'
            cand --quiet 'Nothing on standard error but errors'
            cand --verbose 'More on standard error'
            cand --no-progress 'No progress bars'
            cand --profiles 'List the profiles that map vendors'' exports'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'crosscheck;explain'= {
            cand --color 'Whether the terminal output is coloured [default: auto]'
            cand --config 'The settings file'
            cand --cache 'The folder of cache and history'
            cand --format 'How results are printed [default: table]'
            cand --quiet 'Nothing on standard error but errors'
            cand --verbose 'More on standard error'
            cand --no-progress 'No progress bars'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'crosscheck;profile'= {
            cand --color 'Whether the terminal output is coloured [default: auto]'
            cand --config 'The settings file'
            cand --cache 'The folder of cache and history'
            cand --quiet 'Nothing on standard error but errors'
            cand --verbose 'More on standard error'
            cand --no-progress 'No progress bars'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'crosscheck;init'= {
            cand --color 'Whether the terminal output is coloured [default: auto]'
            cand --config 'The settings file'
            cand --cache 'The folder of cache and history'
            cand --quiet 'Nothing on standard error but errors'
            cand --verbose 'More on standard error'
            cand --no-progress 'No progress bars'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'crosscheck;completions'= {
            cand --color 'Whether the terminal output is coloured [default: auto]'
            cand --config 'The settings file'
            cand --cache 'The folder of cache and history'
            cand --quiet 'Nothing on standard error but errors'
            cand --verbose 'More on standard error'
            cand --no-progress 'No progress bars'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'crosscheck;man'= {
            cand --color 'Whether the terminal output is coloured [default: auto]'
            cand --config 'The settings file'
            cand --cache 'The folder of cache and history'
            cand --quiet 'Nothing on standard error but errors'
            cand --verbose 'More on standard error'
            cand --no-progress 'No progress bars'
            cand -h 'Print help'
            cand --help 'Print help'
        }
    ]
    $completions[$command]
}
