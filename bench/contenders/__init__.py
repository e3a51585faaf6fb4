"""Who takes part in the bench of findings: each in a process of its own that sees its libraries and nothing else.

A contender's module has `prepare(corpus, rules)`, which returns two functions of one event. Both return the name of the
first rule that suppresses the event's finding, or an empty text:

    from_json(text)     all of it: the event is decoded and decided
    opened(text)        decodes without deciding; what `decided` takes
    decided(opened)     decides alone
"""
