"""What a rule, a ladder or a macro may set on a ticket: one vocabulary for all of them. Pure.

    set: {priority: urgent, group: quick, add_tags: [shop]}

Each name is that of a field of `tickets.edits.Edit`, which knows what follows from it.
"""

from __future__ import annotations

from chalicelib.desk.conditions import NOBODY
from chalicelib.desk.fields import FIELD_VALUES
from chalicelib.desk.keys import LINES, TEXT, Key, keys_of, list_of, name_in, one_of
from chalicelib.desk.statuses import CATEGORIES, PRIORITIES

SET = keys_of(
    (
        Key("priority", one_of(PRIORITIES), "Its priority."),
        Key("group", name_in("groups"), "The group that has it from now on."),
        Key("assignee", name_in("agents", NOBODY), "The agent who has it, or nobody."),
        Key("responsible", name_in("agents", NOBODY), "The agent who answers for it, or nobody."),
        Key("add_followers", list_of(name_in("agents")), "Agents who are told what happens to it."),
        Key("remove_followers", list_of(name_in("agents")), "Agents who are told no more."),
        Key("status", name_in("statuses", *CATEGORIES[1:]), "Its status."),
        Key("type", name_in("types"), "What kind of ticket it is."),
        Key("fields", FIELD_VALUES, "What fields of the desk's own say; null empties one."),
        Key("add_tags", list_of(TEXT), "Tags that it gets."),
        Key("remove_tags", list_of(TEXT), "Tags that it loses."),
        Key("until", TEXT, "Until when it waits: `+3 business days`, a date, an instant."),
        Key("reason", TEXT, "Why it waits."),
        Key("resolution", LINES, "How it was solved."),
    )
)
