package import DaybookModel

/// What lies in an export: who is who, and which conversations there are.
package struct SlackExport: Sendable {
  package let directory: SlackDirectory
  /// Public channels, private ones, those of several users, then direct ones.
  package private(set) var conversations: [SlackConversation] = []

  /// `content` gives a file of the export's folder, nil where there is none.
  ///
  /// Throws `invalid_input`, naming the file and the place in it, and for an export without
  /// `users.json` or `channels.json`; and what `content` throws.
  package init(
    content: (_ file: String) throws(DaybookError) -> [UInt8]?
  ) throws(DaybookError) {
    func entries(_ file: String) throws(DaybookError) -> [SlackFields]? {
      guard let bytes = try content(file) else { return nil }
      return try SlackFields.list(bytes, file: file)
    }
    func needed(_ names: String...) throws(DaybookError) -> [SlackFields] {
      for name in names { if let found = try entries(name) { return found } }
      throw DaybookError(
        .invalidInput, "the folder has no \(names[0]): give the folder that an export unpacks to")
    }
    var users: [SlackUser] = []
    // The export of a whole organisation has its users in a file of another name.
    for fields in try needed("users.json", "org_users.json") {
      users.append(try SlackUser(fields))
    }
    var directory = SlackDirectory(users: users)
    var names = GroupNames()
    var found: [SlackConversation] = []
    for fields in try needed("channels.json") {
      found.append(try SlackConversation(fields, .open, directory, &names))
    }
    for file in ["groups.json", "mpims.json"] {
      for fields in try entries(file) ?? [] {
        found.append(try SlackConversation(fields, .invitation, directory, &names))
      }
    }
    for fields in try entries("dms.json") ?? [] {
      found.append(try SlackConversation(direct: fields, directory))
    }
    for conversation in found { directory.name(conversation.id, conversation.name) }
    self.directory = directory
    conversations = found
  }

  /// Those with these names, or Slack's ids. Throws `invalid_argument` for one that isn't there.
  package func conversations(named names: [String]) throws(DaybookError) -> [SlackConversation] {
    var wanted: Set<String> = []
    for name in names {
      let named = conversations.filter { $0.name == name || $0.id == name }
      if named.isEmpty {
        throw DaybookError(
          .invalidArgument, "the export has no channel '\(name)': see its channels.json")
      }
      wanted.formUnion(named.map(\.id))
    }
    return conversations.filter { wanted.contains($0.id) }
  }
}

/// The ids of the groups that an export's channels become.
struct GroupNames {
  private var taken: Set<GroupID> = []

  /// The channel's name, where that can be an id and no other channel has it; else Slack's id.
  mutating func id(_ name: String, slackID: String) -> GroupID {
    var id = GroupID(checked: SlackDirectory.usable(slackID))
    if let named = try? GroupID(name), !taken.contains(named) { id = named }
    taken.insert(id)
    return id
  }
}

/// A channel or direct conversation of an export.
package struct SlackConversation: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    case group(GroupID, JoinPolicy)
    /// One with oneself has the same user twice.
    case direct(UserID, UserID)
  }

  /// Slack's.
  package let id: String
  package let name: String
  /// Where its days' files are.
  package let folder: String
  package let kind: Kind
  let creator: UserID
  let members: [UserID]
  /// Nil where the export doesn't say.
  let topic: String?
  let purpose: String?

  init(
    _ fields: SlackFields, _ policy: JoinPolicy, _ directory: SlackDirectory,
    _ names: inout GroupNames
  ) throws(DaybookError) {
    id = try fields.required("id")
    name = try fields.required("name")
    folder = name
    // A name that leads out of the export is none of Slack's.
    guard !name.utf8.contains(UInt8(ascii: "/")), name != "..", name != "." else {
      throw SlackFields.fault(fields.place, "'name' is no name of a folder")
    }
    kind = .group(names.id(name, slackID: id), policy)
    let listed = fields.texts("members")
    members = listed.map { directory.person($0).id }
    let creator = fields.textIfAny("creator").flatMap { $0.isEmpty ? nil : $0 }
    self.creator = directory.person(creator ?? listed.first ?? SlackDirectory.slackbot).id
    topic = fields.object("topic")?.textIfAny("value").map { SlackText($0, directory).text }
    purpose = fields.object("purpose")?.textIfAny("value").map { SlackText($0, directory).text }
  }

  init(direct fields: SlackFields, _ directory: SlackDirectory) throws(DaybookError) {
    id = try fields.required("id")
    name = id
    folder = id
    guard !id.utf8.contains(UInt8(ascii: "/")), id != "..", id != "." else {
      throw SlackFields.fault(fields.place, "'id' is no name of a folder")
    }
    members = fields.texts("members").map { directory.person($0).id }
    guard (1...2).contains(members.count) else {
      throw SlackFields.fault(fields.place, "a direct conversation is one of two members")
    }
    kind = .direct(members[0], members[members.count - 1])
    creator = members[0]
    topic = nil
    purpose = nil
  }

  /// What a group's description makes of both.
  static func description(topic: String, purpose: String) -> String {
    let text = [topic, purpose].filter { !$0.isEmpty }.joined(separator: "\n")
    // The server takes no other control characters there.
    return String(
      String.UnicodeScalarView(
        text.unicodeScalars.filter {
          $0.properties.generalCategory != .control || $0 == "\n" || $0 == "\t"
        }))
  }
}
