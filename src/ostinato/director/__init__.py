"""The director: what comes next inside a run. Pure: no clock, no store, no code of users.

``director`` has the verbs, for many runs at once; ``decisions`` is what it is told and what it answers. An
``execution`` is one run in hand: it says what follows from what. The rest keeps its books or judges: ``plan`` has the
steps and every way in which one may change, ``graph`` who waits for whom, ``agenda`` what can be handed out, ``inbox``
the events, ``under_way`` the work, ``room`` how much of that there may be. ``tries`` says what is tried again,
``rescue`` what is done about failures, ``ending`` how a run leaves its agent.
"""
