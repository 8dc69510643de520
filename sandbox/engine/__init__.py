"""What time does.

`agenda` reads off an object when it has something to do next, and what: a subscription renews at the end of its
period, a draft is finalized at its hour, an open invoice is collected at its next attempt. That moment is stored
beside the object whenever the object is written, so whatever changes an object also changes when it is due.

`running` takes the earliest due object, sets the time of the work to exactly its moment, lets `deeds` do what is to be
done, in one transaction, and goes on until nothing is due any more. Each timeline runs by itself: the sandbox's own
clock, and every test clock.

`moving` moves a timeline forward: from one moment to the next, so that everything happens in its order and at its time.
"""
