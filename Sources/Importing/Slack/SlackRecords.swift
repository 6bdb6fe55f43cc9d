package import DaybookModel

/// An entry of `users.json`.
package struct SlackUser: Sendable, Equatable {
  package var id: String
  package var name: String
  /// As others see it; empty if there is nothing but the name.
  package var displayName: String

  init(_ fields: SlackFields) throws(DaybookError) {
    id = try fields.required("id")
    name = fields.textIfAny("name") ?? ""
    let profile = fields.object("profile")
    let names = [
      profile?.textIfAny("display_name"), profile?.textIfAny("real_name"),
      fields.textIfAny("real_name"),
    ]
    displayName = names.compactMap { $0 }.first { !$0.isEmpty } ?? ""
  }
}

/// `ts`: seconds since 1970 and a fraction that makes it unique in its channel, whose name it is.
package struct SlackTime: Sendable, Hashable, Comparable, CustomStringConvertible {
  package let seconds: UInt64
  package let microseconds: UInt64

  /// Nil for what isn't digits, a dot and up to six digits.
  package init?(_ text: String) {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = SlackTime.number(parts[0], digitsMax: 10) else {
      return nil
    }
    seconds = whole
    guard parts.count == 2 else {
      microseconds = 0
      return
    }
    guard var fraction = SlackTime.number(parts[1], digitsMax: 6) else { return nil }
    for _ in parts[1].count..<6 { fraction *= 10 }
    microseconds = fraction
  }

  private static func number(_ digits: Substring.UTF8View, digitsMax: Int) -> UInt64? {
    guard (1...digitsMax).contains(digits.count),
      digits.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    return digits.reduce(0) { $0 * 10 + UInt64($1 - 0x30) }
  }

  package var timestamp: Timestamp {
    Timestamp(milliseconds: seconds * 1000 + microseconds / 1000)
  }

  /// Since 1970, all in microseconds.
  package var value: UInt64 { seconds * 1_000_000 + microseconds }

  package static func < (a: Self, b: Self) -> Bool {
    (a.seconds, a.microseconds) < (b.seconds, b.microseconds)
  }

  package var description: String {
    let digits = String(microseconds)
    return "\(seconds)." + String(repeating: "0", count: 6 - digits.count) + digits
  }
}

/// What was said, at one time: a message may have several versions.
struct SlackVersion: Sendable, Equatable {
  struct File: Sendable, Equatable {
    var name: String
    var url: String
  }

  var subtype: String
  var text: String
  var files: [File]
  /// What stands beside the text, as it came.
  var blocks: [JSONValue]
  var attachments: [JSONValue]

  init(_ fields: SlackFields) throws(DaybookError) {
    subtype = try fields.text("subtype") ?? ""
    text = try fields.text("text") ?? ""
    files = SlackVersion.files(fields)
    blocks = fields.objects("blocks").map(\.value)
    attachments = fields.objects("attachments").map(\.value)
  }

  static func files(_ fields: SlackFields) -> [File] {
    (fields.objects("files") + [fields.object("file")].compactMap { $0 }).map(File.init)
  }
}

extension SlackVersion.File {
  init(_ fields: SlackFields) {
    name = fields.firstText("name", "title", "id") ?? "without a name"
    let found = fields.firstText("url_private", "permalink", "external_url") ?? ""
    // Behind it an export has a token that opens the file to anybody.
    url = String(Substring(found.utf8.prefix { $0 != UInt8(ascii: "?") }))
  }
}

/// An entry of a day's file.
struct SlackMessage: Sendable, Equatable {
  struct Reaction: Sendable, Equatable {
    var name: String
    var users: [String]
    /// Those whom the export doesn't name.
    var unnamed: Int
  }

  /// What an entry about an earlier message says of it.
  struct Change: Sendable, Equatable {
    var time: SlackTime
    var version: SlackVersion
    /// Before the change, where the export has it.
    var previous: SlackVersion?
  }

  var type: String
  var time: SlackTime
  var user: String
  var botID: String
  var botName: String
  /// What the entry itself calls its author.
  var userName: String
  var thread: SlackTime?
  var version: SlackVersion
  var reactions: [Reaction]
  var topic: String?
  var purpose: String?
  /// Of a channel that is called otherwise from here on.
  var newName: String?
  var oldName: String?
  var change: Change?
  var deleted: SlackTime?

  var subtype: String { version.subtype }

  init(_ fields: SlackFields) throws(DaybookError) {
    type = try fields.required("type")
    guard let time = SlackTime(try fields.required("ts")) else {
      throw SlackFields.fault("'ts' is no time")
    }
    self.time = time
    version = try SlackVersion(fields)
    user = try fields.text("user") ?? ""
    botID = fields.textIfAny("bot_id") ?? ""
    botName = fields.firstText("username") ?? fields.object("bot_profile")?.firstText("name") ?? ""
    userName =
      fields.object("user_profile")?.firstText("display_name", "real_name", "name") ?? ""
    if let text = try fields.text("thread_ts") {
      guard let thread = SlackTime(text) else {
        throw SlackFields.fault("'thread_ts' is no time")
      }
      self.thread = thread
    }
    reactions = fields.objects("reactions").map(Reaction.init)
    topic = fields.textIfAny("topic")
    purpose = fields.textIfAny("purpose")
    if version.subtype.hasSuffix("_name") {
      newName = fields.textIfAny("name")
      oldName = fields.textIfAny("old_name")
    }
    deleted = fields.textIfAny("deleted_ts").flatMap { SlackTime($0) }
    if version.subtype == "message_changed", let message = fields.object("message"),
      let changed = message.textIfAny("ts").flatMap({ SlackTime($0) })
    {
      let previous = fields.object("previous_message") ?? fields.object("original")
      change = Change(
        time: changed, version: try SlackVersion(message),
        previous: try previous.map { fields throws(DaybookError) in try SlackVersion(fields) })
    }
    if version.subtype == "file_comment", let comment = fields.object("comment") {
      if user.isEmpty { user = comment.textIfAny("user") ?? "" }
      version.text = comment.textIfAny("comment") ?? version.text
    }
  }
}

extension SlackMessage.Reaction {
  init(_ fields: SlackFields) {
    name = fields.textIfAny("name") ?? ""
    users = fields.texts("users")
    unnamed = 0
    if case .number(let count)? = fields.value["count"], let count = Int(count) {
      unnamed = max(0, count - users.count)
    }
  }
}

/// A day's file of a conversation.
package enum SlackDay {
  /// Whether a file is called as a day's is: `2024-03-01.json`.
  package static func isDay(_ name: String) -> Bool {
    let bytes = Array(name.utf8)
    guard bytes.count == 15, name.hasSuffix(".json") else { return false }
    for (index, byte) in bytes.prefix(10).enumerated() {
      let isDash = index == 4 || index == 7
      guard isDash ? byte == UInt8(ascii: "-") : (0x30...0x39).contains(byte) else { return false }
    }
    return true
  }
}
