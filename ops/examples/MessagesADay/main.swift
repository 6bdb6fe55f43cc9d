// Counts the messages of each day in SQLite:  MessagesADay LOG DATABASE [--until-head],
// with a service's token in DAYBOOK_TOKEN.
import DaybookFeed
import Foundation
import GRDB

let arguments = CommandLine.arguments
let database = try DatabaseQueue(path: arguments[2])
try database.write { db in
  try db.execute(
    sql: """
      CREATE TABLE IF NOT EXISTS days (day TEXT PRIMARY KEY, messages INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS position (id INTEGER PRIMARY KEY CHECK (id = 1), text TEXT NOT NULL);
      """)
}
let known = try database.read {
  try String.fetchOne($0, sql: "SELECT text FROM position")
}
let start = try known.map { FeedStart.position(try FeedPosition(text: $0)) } ?? .beginning
var messages = FeedSelection()
messages.kinds = ["message_sent"]
let token = ProcessInfo.processInfo.environment["DAYBOOK_TOKEN"] ?? ""
let feed = try FeedClient(server: arguments[1], token: token)
try await feed.follow(from: start, messages, untilHead: arguments.contains("--until-head")) {
  item in
  // Counts and position in one transaction: each message counts once, whenever this ends.
  try await database.write { db in
    if case .events(let events, _) = item {
      for event in events {
        try db.execute(
          sql: """
            INSERT INTO days VALUES (date(? / 1000, 'unixepoch'), 1)
            ON CONFLICT (day) DO UPDATE SET messages = messages + 1
            """, arguments: [Int64(event.recordedAtMilliseconds)])
      }
    }
    try db.execute(
      sql: "INSERT OR REPLACE INTO position VALUES (1, ?)",
      arguments: [item.position.description])
  }
}
await feed.close()
