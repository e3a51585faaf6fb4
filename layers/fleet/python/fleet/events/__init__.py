"""Fleet events: facts on the bus `yagura`. One module per capability; the envelope is in `fleet.events.envelope`."""
