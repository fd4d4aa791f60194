/*
 * The guarantee of docs/guarantee.md as a model: one partition, its chain on S3, the ledger and the table in
 * Snowflake, two sinks, two loaders, repairs and audits. `make model` searches every order of their steps.
 *
 * Kafka      offsets 0..N-1 are appended and removed by retention. Offsets from LATE on are of a later hour.
 * S3         a conditional put that was sent once may arrive at any later time, once, or never (C3, C7).
 * Sinks      a sink may be killed or put aside as a zombie between any two steps. It keeps what it believes.
 * Snowflake  a transaction is applied as a whole or not at all. The lease is a row lock. The server may end an
 *            idle transaction, and the answer to COMMIT may be lost.
 * Audits     read table and ledger at once, then S3, then Kafka (A1).
 *
 * BREAK takes one rule away: 1 C3, 2 C4, 3 L1, 4 L6, 5 A1, 6 L2 and L3. Each must be found.
 */
#ifndef BREAK
#define BREAK 0
#endif
#ifndef N
#define N 3              /* offsets */
#endif
#ifndef LATE
#define LATE 2           /* the first offset of the later hour */
#endif
#ifndef KILLS
#define KILLS 1          /* deaths of sinks and loaders, together */
#endif
#ifndef STEALS
#define STEALS 2         /* rebalances that leave a zombie */
#endif
#ifndef AUDITS
#define AUDITS 1
#endif
#ifndef DAMAGES
#define DAMAGES 1        /* rows that somebody deletes */
#endif
#ifndef LOST_ANSWERS
#define LOST_ANSWERS 1   /* answers to COMMIT that are lost, and transactions that the server ends */
#endif

#define HOUR(o) ((o) >= LATE -> 1 : 0)
#define KEYS (2 * N)
#define KEY(h, first) ((h) * N + (first))
#define FIRST(key) ((key) % N)
#define NOBODY 2
#define BIT(x) (1 << (x))

/* Kafka */
byte log_first = 0;
byte log_end = 0;
byte owner = NOBODY;

/* S3: key -> one past the link's last offset, 0 when there is no object. */
byte link[KEYS];
byte lost;               /* keys of lost links, as bits */
/* Puts that were sent: key -> one past the last offset, as bits. Those of lost links apart. */
byte sent[KEYS];
byte sent_lost[KEYS];

/* Snowflake */
byte rows[N];            /* rows of each offset in the table */
byte ledger;             /* keys, as bits */
byte quarantined;        /* keys, as bits */
byte lock = NOBODY;      /* who has the lease in an open transaction */
byte fence = 0;          /* how often the lease was taken, modulo 4 */

/* What happened, for the assertions. */
bool twice = false;      /* two links cover an offset */
bool damaged = false;    /* rows were deleted and are not repaired */
byte kills = KILLS;
byte steals = STEALS;
byte damages = DAMAGES;
byte answers = LOST_ANSWERS;

/* Scratch: not part of a state, because every use ends in the step that it began in. */
hidden byte k, o, p;
hidden byte hit, complete;

#define COVERS(links, key, offset) (links[key] && FIRST(key) <= (offset) && (offset) < links[key])
#define OVERLAP(links, a, b) (links[a] && links[b] && FIRST(a) < links[b] && FIRST(b) < links[a])

/* Kafka appends, and removes what is old. */
proctype Log()
{
end_log:
  do
  :: atomic { log_end < N -> log_end++ }
  :: atomic { log_first < log_end && log_first < N - 1 -> log_first++ }
  od
}

proctype Sink(byte me)
{
  byte next, hour, held, key;
  bool mine = false;      /* it believes that the partition is its own */
  bool putting = false;
#if BREAK == 2
  byte committed = 0;
#endif

end_sink:
  do
  /* Assigned: the last link, in the order of names, says where to go on (C4). */
  :: d_step { !mine && owner == NOBODY ->
       owner = me; mine = true;
       for (k : 0 .. KEYS - 1) { if :: link[k] -> next = link[k]; hour = k / N :: else fi }
#if BREAK == 2
       next = committed;
#endif
       held = next; k = 0 }
  /* The partition is taken away without its knowledge. */
  :: atomic { mine && owner == me && steals > 0 -> steals--; owner = NOBODY }
  /* It notices that, or dies. */
  :: d_step { mine && owner != me -> mine = false; putting = false; next = 0; hour = 0; held = 0; key = 0 }
  :: d_step { mine && owner == me && kills > 0 -> kills--; owner = NOBODY;
       mine = false; putting = false; next = 0; hour = 0; held = 0; key = 0 }
  /* Fetch a record. A link's records are of one hour, or of earlier ones. */
  :: d_step { mine && !putting && held < log_end && held >= log_first && (held == next ||
       HOUR(held) <= HOUR(next) || HOUR(held) <= hour) -> held++ }
  /* Put what is held. The name's hour is the later of the last link's and the first record's (C2). */
  :: d_step { mine && !putting && held > next ->
       key = KEY((HOUR(next) > hour -> HOUR(next) : hour), next);
       sent[key] = sent[key] | BIT(held); putting = true }
  /* Retention was faster: a lost link, in the last link's hour (C8). */
  :: d_step { mine && !putting && held == next && next < log_first ->
       key = KEY(hour, next);
       sent_lost[key] = sent_lost[key] | BIT(log_first); putting = true }
  /* A link is there, its own or another's: go on after it (C3). */
  :: d_step { mine && putting && link[key] ->
       next = link[key]; hour = key / N; held = (held > next -> held : next);
       putting = false; key = 0;
#if BREAK == 2
       committed = (owner == me -> next : committed)
#endif
     }
  od
}

/* S3 takes what was sent, in any order and at any time, under the condition that the key is free. */
proctype S3()
{
  byte key, last;
end_s3:
  do
  :: atomic {
       select (key : 0 .. KEYS - 1);
       select (last : 1 .. N);
       if
       :: (sent[key] & BIT(last)) && (!link[key] || (BREAK == 1 && link[key] != last)) ->
            link[key] = last; lost = lost & (255 - BIT(key))
       :: (sent_lost[key] & BIT(last)) && !link[key] ->
            link[key] = last; lost = lost | BIT(key)
       fi;
       d_step {
         hit = (FIRST(key) == 0);
         for (k : 0 .. KEYS - 1) {
           if :: k != key && OVERLAP(link, k, key) -> twice = true :: else fi;
           if :: link[k] == FIRST(key) -> hit = true :: else fi
         }
         /* No link begins after a gap. */
         assert(hit || twice);
         /* Two links cover an offset only where a zombie's records were lost to retention meanwhile. */
         assert(!twice || lost);
         k = 0; hit = false; key = 0; last = 0 } }
  od
}

proctype Loader(byte me)
{
  byte listed, plan, refused, seen;
end_loader:
  do
  :: d_step { !listed ->
       for (k : 0 .. KEYS - 1) { if :: link[k] -> listed = listed | BIT(k) :: else fi }
       seen = fence;
#if BREAK == 3
       plan = listed & (255 - ledger);
#endif
       k = 0 }
  :: d_step { listed && lock == NOBODY ->
       if
       :: fence != seen -> listed = 0; plan = 0
       :: else ->
            /* The lease is mine: the ledger is read inside the transaction (L1), and decides (L4). */
            lock = me;
#if BREAK != 3
            plan = listed & (255 - ledger);
#endif
            plan = plan & (255 - quarantined);
            refused = 0;
            /* In the order of names. What overlaps something ledgered or planned is set aside (L7). */
            for (k : 0 .. KEYS - 1) {
              for (p : 0 .. KEYS - 1) {
                if
                :: (plan & BIT(k)) && p != k && OVERLAP(link, k, p) &&
                   ((ledger & BIT(p)) || (p < k && (plan & BIT(p)))) ->
                     plan = plan & (255 - BIT(k)); refused = refused | BIT(k)
                :: else
                fi
              }
            }
       fi;
       seen = (listed -> seen : 0); k = 0; p = 0 }
  /* COMMIT. The answer may be lost: then the ledger is read before anything else (L6). */
  :: atomic { listed && (plan || refused || lock == me) && (lock == me || BREAK == 6) ->
       d_step {
         for (k : 0 .. KEYS - 1) {
           if :: plan & BIT(k) ->
                for (o : 0 .. N - 1) {
                  if :: COVERS(link, k, o) && !(lost & BIT(k)) -> rows[o]++ :: else fi
                }
              :: else
           fi
         }
         for (o : 0 .. N - 1) { assert(rows[o] <= 1) }
         ledger = ledger | plan; quarantined = quarantined | refused;
         if :: plan || refused -> fence = (fence + 1) % 4 :: else fi;
         lock = (lock == me -> NOBODY : lock); k = 0; o = 0
       };
       if
#if BREAK == 4
       :: answers > 0 && plan -> answers--; seen = fence
#endif
       :: listed = 0; plan = 0; refused = 0; seen = 0
       fi }
#if BREAK == 4
  :: d_step { listed && plan && lock == NOBODY && seen == fence -> lock = me }
#endif
  /* The server ends its transaction. Without rule L3 it does not notice. */
  :: d_step { lock == me && answers > 0 -> answers--; lock = NOBODY;
#if BREAK != 6
       listed = 0; plan = 0; refused = 0; seen = 0
#endif
     }
  :: d_step { listed && kills > 0 -> kills--; lock = (lock == me -> NOBODY : lock);
       listed = 0; plan = 0; refused = 0; seen = 0 }
  od
}

/* Somebody deletes an object's rows. A repair deletes them and copies the object again, in one transaction. */
proctype Operator()
{
  byte key;
end_operator:
  do
  :: atomic { damages > 0 && lock == NOBODY && (ledger & (255 - lost)) ->
       damages--; damaged = true;
       select (key : 0 .. KEYS - 1);
       d_step { for (o : 0 .. N - 1) {
         if :: (ledger & BIT(key)) && COVERS(link, key, o) -> rows[o] = 0 :: else fi };
         o = 0 } }
  :: d_step { damaged && lock == NOBODY ->
       for (o : 0 .. N - 1) {
         if :: (ledger & BIT(key)) && !(lost & BIT(key)) && COVERS(link, key, o) -> rows[o] = 1 :: else fi };
       damaged = false; fence = (fence + 1) % 4; key = 0; o = 0 }
  od
}

proctype Audit()
{
  byte r_rows[N], r_ledger, r_link[KEYS], r_lost, r_quarantined, end, audits;
  bool excused;
  audits = AUDITS;
end_audit:
  do
  :: audits > 0 ->
#if BREAK == 5
       d_step { for (k : 0 .. KEYS - 1) { r_link[k] = link[k] }; r_lost = lost; k = 0 }
#endif
       d_step { for (o : 0 .. N - 1) { r_rows[o] = rows[o] }; r_ledger = ledger;
         r_quarantined = quarantined; excused = damaged; o = 0 }
#if BREAK != 5
       d_step { for (k : 0 .. KEYS - 1) { r_link[k] = link[k] }; r_lost = lost; k = 0 }
#endif
       d_step {
         complete = !(r_lost || r_quarantined); end = 0;
         for (k : 0 .. KEYS - 1) {
           end = (r_link[k] > end -> r_link[k] : end);
           /* An object that the ledger knows is gone. */
           if :: (r_ledger & BIT(k)) && !r_link[k] -> complete = false :: else fi;
           for (p : 0 .. KEYS - 1) {
             if :: p != k && OVERLAP(r_link, k, p) -> complete = false :: else fi }
         }
         for (o : 0 .. N - 1) {
           hit = false; p = 0;
           for (k : 0 .. KEYS - 1) {
             if :: COVERS(r_link, k, o) -> hit = true;
                  if :: (r_ledger & BIT(k)) && !(r_lost & BIT(k)) -> p = 1 :: else fi
                :: else
             fi }
           /* A hole in the chain, or another number of rows than the ledger says. */
           if :: o < end && !hit -> complete = false :: else fi;
           if :: r_rows[o] != p -> complete = false :: else fi
         }
         /* Retention took what is not on S3. */
         if :: log_first > end -> complete = false :: else fi;

         /* "Complete" was true: whatever Kafka took is in the table, on S3, or still in Kafka. */
         for (o : 0 .. N - 1) {
           hit = (rows[o] > 0 || o >= log_first);
           for (k : 0 .. KEYS - 1) {
             if :: COVERS(link, k, o) && !(lost & BIT(k)) -> hit = true :: else fi }
           assert(!complete || o >= log_end || hit);
           assert(!complete || r_rows[o] <= 1)
         }
         /* "Not complete" was true as well. */
         assert(complete || r_lost || r_quarantined || twice || excused || damaged || log_first > end);

         for (o : 0 .. N - 1) { r_rows[o] = 0 };
         for (k : 0 .. KEYS - 1) { r_link[k] = 0 };
         r_ledger = 0; r_lost = 0; r_quarantined = 0; end = 0; excused = false;
         audits--; k = 0; o = 0; p = 0; hit = false; complete = false }
  od
}

init {
  atomic {
    run Log(); run S3(); run Sink(0); run Sink(1); run Loader(0); run Loader(1); run Operator(); run Audit()
  }
}
