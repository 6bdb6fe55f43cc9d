-- What an export of the mirror (export.py) says, in SQLite: tables of what was exported, then the
-- reports as views. Integers of 64 bits are strings in the export, and what is at its default is left
-- out (schemas/kafka.md).

DROP TABLE IF EXISTS events;
CREATE TABLE events AS
SELECT
  line ->> '$.partition' AS partition,
  CAST(line ->> '$.headers.ce_sequence' AS INT) AS sequence,
  line ->> '$.headers.ce_type' AS type,
  CAST(line ->> '$.event.recorded_at_ms' AS INT) AS at_ms,
  line ->> '$.event.stream' AS stream,
  CAST(coalesce(line ->> '$.event.seq', 0) AS INT) AS seq,
  CAST(coalesce(line ->> '$.event.message_id', 0) AS INT) AS message_id,
  line ->> '$.event.user' AS user,
  line -> '$.event' AS event
FROM export;
CREATE INDEX events_type ON events (type, stream);

-- Every message that was sent, but for those that were recalled. `place` is its conversation as its
-- readers have it: with the sender in a mailbox, or the group.
DROP TABLE IF EXISTS messages;
CREATE TABLE messages AS
SELECT
  at_ms, stream, seq, message_id, user,
  iif(stream LIKE 'user/%', substr(stream, 6), NULL) AS receiver,
  CAST(event ->> '$.message_sent.reply_to' AS INT) AS reply_to
FROM events AS sent
WHERE type = 'daybook.v1.message.sent'
  AND NOT EXISTS (
    SELECT 1 FROM events AS recall
    WHERE recall.type = 'daybook.v1.message.recalled' AND recall.stream = sent.stream
      AND recall.message_id = sent.message_id);
CREATE INDEX messages_stream ON messages (stream, user, seq);
CREATE INDEX messages_id ON messages (message_id);

DROP VIEW IF EXISTS messages_per_hour;
CREATE VIEW messages_per_hour AS
SELECT strftime('%Y-%m-%dT%H:00Z', at_ms / 1000, 'unixepoch') AS hour, count(*) AS messages
FROM events
WHERE type = 'daybook.v1.message.sent'
GROUP BY hour
ORDER BY hour;

-- Between two people an answer is the first message of one after one or more of the other's, and takes
-- from the first of those on. In a group it is a message that says what it replies to.
DROP VIEW IF EXISTS answers;
CREATE VIEW answers AS
WITH direct AS (
  SELECT
    min(user, receiver) AS one, max(user, receiver) AS other, user, at_ms, message_id,
    lag(user) OVER (
      PARTITION BY min(user, receiver), max(user, receiver) ORDER BY message_id) AS before
  FROM messages
  WHERE receiver IS NOT NULL AND receiver <> user
), turns AS (
  SELECT *, lag(at_ms) OVER (PARTITION BY one, other ORDER BY message_id) AS asked_ms
  FROM direct
  WHERE before IS NULL OR before <> user
)
SELECT 'direct' AS kind, user, at_ms - asked_ms AS took_ms FROM turns WHERE asked_ms IS NOT NULL
UNION ALL
SELECT 'reply', answer.user, answer.at_ms - asked.at_ms
FROM messages AS answer JOIN messages AS asked ON asked.message_id = answer.reply_to
WHERE answer.receiver IS NULL AND answer.user <> asked.user;

DROP VIEW IF EXISTS answer_times;
CREATE VIEW answer_times AS
WITH ranked AS (
  SELECT kind, took_ms, row_number() OVER (PARTITION BY kind ORDER BY took_ms) AS rank,
    count(*) OVER (PARTITION BY kind) AS answers
  FROM answers
)
SELECT
  kind, answers,
  max(took_ms) FILTER (WHERE rank <= (answers + 1) / 2) / 1000.0 AS median_seconds,
  max(took_ms) FILTER (WHERE rank <= (answers * 9 + 9) / 10) / 1000.0 AS p90_seconds
FROM ranked
GROUP BY kind
ORDER BY kind;

-- How far each user has read, or cleared, each conversation; of a group, not before the present stay.
DROP VIEW IF EXISTS positions;
CREATE VIEW positions AS
WITH stays AS (
  SELECT stream, member, seq, is_in,
    row_number() OVER (PARTITION BY stream, member ORDER BY sequence DESC) AS last_first
  FROM (
    SELECT stream, sequence, user AS member, seq, 1 AS is_in
    FROM events WHERE type = 'daybook.v1.group.created'
    UNION ALL
    -- One that takes no seq says the first that the member sees.
    SELECT stream, sequence, event ->> '$.member_joined.member',
      iif(seq > 0, seq, CAST(event ->> '$.member_joined.group_seq' AS INT) - 1), 1
    FROM events WHERE type = 'daybook.v1.member.joined'
    UNION ALL
    SELECT stream, sequence, event ->> '$.member_left.member', 0, 0
    FROM events WHERE type = 'daybook.v1.member.left')
), members AS (
  SELECT stream, member, seq FROM stays
  WHERE last_first = 1 AND is_in
    AND stream NOT IN (SELECT stream FROM events WHERE type = 'daybook.v1.group.dissolved')
), reads AS (
  SELECT substr(stream, 6) AS reader, 'group/' || (event ->> '$.group_read.group') AS place,
    CAST(event ->> '$.group_read.up_to_group_seq' AS INT) AS seq
  FROM events WHERE type = 'daybook.v1.group.read'
  UNION ALL
  SELECT substr(stream, 6), 'group/' || (event ->> '$.group_cleared.group'),
    CAST(event ->> '$.group_cleared.up_to_group_seq' AS INT)
  FROM events WHERE type = 'daybook.v1.group.cleared'
  UNION ALL
  SELECT user, stream, CAST(event ->> '$.read.up_to_seq' AS INT)
  FROM events WHERE type = 'daybook.v1.read' AND stream LIKE 'group/%'
  UNION ALL
  SELECT substr(stream, 6), 'user/' || (event ->> '$.read.peer'),
    CAST(event ->> '$.read.up_to_seq' AS INT)
  FROM events WHERE type = 'daybook.v1.read' AND stream LIKE 'user/%'
  UNION ALL
  SELECT substr(stream, 6), 'user/' || (event ->> '$.conversation_cleared.peer'),
    CAST(event ->> '$.conversation_cleared.up_to_seq' AS INT)
  FROM events WHERE type = 'daybook.v1.conversation.cleared' AND stream LIKE 'user/%'
)
SELECT member AS reader, members.stream AS place, members.stream,
  max(members.seq, coalesce(max(reads.seq), 0)) AS seq
FROM members LEFT JOIN reads ON reads.reader = member AND reads.place = members.stream
GROUP BY member, members.stream
UNION ALL
SELECT receiver, 'user/' || user, messages.stream,
  coalesce((SELECT max(reads.seq) FROM reads
    WHERE reads.reader = receiver AND reads.place = 'user/' || user), 0)
FROM messages WHERE receiver IS NOT NULL AND receiver <> user
GROUP BY receiver, user;

-- Messages by others behind that.
DROP VIEW IF EXISTS unread_messages;
CREATE VIEW unread_messages AS
SELECT reader, place, messages.at_ms
FROM positions JOIN messages
  ON messages.stream = positions.stream AND messages.seq > positions.seq
    AND messages.user <> reader
    AND (place = positions.stream OR place = 'user/' || messages.user);

DROP VIEW IF EXISTS unread;
CREATE VIEW unread AS
SELECT reader AS user, place AS conversation, count(*) AS unread
FROM unread_messages GROUP BY reader, place ORDER BY reader, place;

-- By how long it has waited when the last event was recorded.
DROP VIEW IF EXISTS unread_ageing;
CREATE VIEW unread_ageing AS
WITH ages AS (
  SELECT (SELECT max(at_ms) FROM events) - at_ms AS age_ms FROM unread_messages
)
SELECT
  CASE
    WHEN age_ms < 3600000 THEN '1 under an hour'
    WHEN age_ms < 86400000 THEN '2 under a day'
    WHEN age_ms < 604800000 THEN '3 under a week'
    ELSE '4 longer'
  END AS waited,
  count(*) AS messages
FROM ages GROUP BY waited ORDER BY waited;
