"""THE table: one table, `pk` and `sk`, five overloaded indexes with generic names.

Access patterns (n = ticket number, hashes hide addresses; every item has `kind` and `v`):

    T#<n>            ~~head                 the ticket            gsi1, gsi2, gsi3, gsi4
    T#<n>            ~link#<type>#<m>       a tie to ticket m, which has its reverse
    T#<n>            ~task#<id>             what remains          gsi3, gsi4 while it is open
    T#<n>            ~presence              who has the ticket open
    T#<n>            ~draft#<agent>         what an agent has typed and not sent
    T#<n>            ~offer                 to whom it was given     gsi4 while nobody answered
    T#<n>            S#<seq8>#a             an article
    T#<n>            S#<seq8>#d#<hash>      a delivery            gsi4 while it is not final
    T#<n>            S#<seq8>#c#<place>     a call of a webhook   gsi4 while it is not final
    T#<n>            S#<seq8>#e             a ledger entry        gsi5
    T#<n>            S#<seq8>#x#<reaction>  an effect: this reaction ran for that entry
    SES#<ses id>     c                      what became of an inbound object
    MID#<hash>       c | <digest>           a Message-ID seen in or out
    MID#<hash>       s                      the SES id of a suspended mail of that Message-ID
    P#<id>           ~                      a person              gsi1 people, gsi3 names
    O#<id>           ~                      an organization       gsi1 organizations
    P#<id> | O#<id>  ~note#<id>             a note on them        gsi1 notes, gsi3 while it is open
    DOM#<domain>     ~                      whose domain it is
    E#<hash>         ~                      an address: whose, blocked, muted
    RATE#<hash>      <yyyymmddhhm>          mails of an address in ten minutes
    RATE#<hash>      <yyyymmdd>             acknowledgements to an address in a day; its block
    RATE#<hash>      <yyyymmddhh>           acknowledgements to a domain in an hour
    RATE#desk        <yyyymmddhh>           the ticket number with which an hour began
    ALERT#<hash>     ~                      an alert of a source: its ticket, its outbreaks
    N                ticket                 the number counter
    SU#<id>          ~                      a suspended mail      gsi1 list, gsi4 purge
    CFG              live                   the desk's live version
    CFG              v#<8>                  a version of the desk, for good
    TOK#<sha256>     ~                      an API token
    IDEM#<hash>      ~                      an answered Idempotency-Key, an event taken
    DUTY             away#<agent>           when an agent is away
    DUTY             turn#<agent>           what an agent was given last
    DUTY             left#<agent>           an agent who left groups, with tickets there  gsi4
    X#<id>           job                    an export             gsi4 lease
    Y#<scope>        S#<seq>#e              entries of no ticket  gsi5
    T#<n>            ~rules                 how often rules fired here lately
    T#<n>            ~timer                 what automations wait for       gsi4 while they do
    RULES            p#<rule> | f#<rule>    a rule that is paused | when one last fired
    RULES            walk                   which tickets automations know  gsi4 while it goes on
    SEAL             <8> | ~~head           a seal | the next     gsi4

    gsi1 list   `G#<group>#open`, `G#<group>#<yyyymm>`, by rank                 ticket lists
                `SUSP#open`, `PEOPLE`, `ORGANIZATIONS`, by time; `NOTES`
    gsi2 about  `P#<person>` by opened_at                                       tickets of one
    gsi3 mine   `U#<agent>`, `U#<agent>#tasks`, `U#<agent>#notes` by rank       work of one
                `NAMES`, by name
    gsi4 due    `DUE#<shard>` by instant                                        every alarm
    gsi5 ledger `L#<yyyymmdd>#<shard>` by at                                    all entries of a day

One ticket page is one query: `~` sorts after `S#`, so a reverse query gives the head first and
then the newest timeline. Key literals live in `keys` and nowhere else.
"""

from __future__ import annotations

# Whoever uses the table says `table.fetch` or `table.ticket_pk`: how it is cut is its own affair.
from chalicelib.table.items import *  # noqa: F403
from chalicelib.table.keys import *  # noqa: F403
from chalicelib.table.store import *  # noqa: F403
