"""Which rewrites pay on which NPU: the only room of xamba that asks npusim.

``targets`` what is priced for · ``pricing`` a model in memory to microseconds · ``regions`` the model cut where it
is narrow, equal parts once · ``moves`` the rewrites a region offers · ``search`` which of them, in which order ·
``replay`` the same on the whole model · ``signs`` and ``witness`` what Intel's compiler says · ``choose`` the door ·
``verdict`` one line on the default passes · ``page`` the table people read.
"""
