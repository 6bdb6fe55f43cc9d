package import DaybookModel

/// A channel or direct conversation of an export.
package struct SlackConversation: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    case group(GroupID, JoinPolicy)
    /// One with oneself has the same user twice.
    case direct(UserID, UserID)
  }

  /// Slack's; of what no file lists, the folder's name.
  package let id: String
  /// What people call it now.
  package let name: String
  /// Where its days' files are.
  package let folder: String
  package let kind: Kind
  let creator: UserID
  let members: [UserID]
  /// Nil where the export doesn't say.
  let topic: String?
  let purpose: String?

  /// Throws `invalid_input`, with the reason alone.
  init(
    _ fields: SlackFields, _ policy: JoinPolicy, _ directory: SlackDirectory,
    folders: Set<String>
  ) throws(DaybookError) {
    id = try fields.required("id")
    // Of what has no name the folder may still be called by its id.
    if let name = fields.textIfAny("name"), !name.isEmpty {
      self.name = name
    } else if folders.contains(id) {
      name = id
    } else {
      throw SlackFields.fault("it has no 'name'")
    }
    // A name that leads out of the export is none of Slack's.
    guard SlackConversation.isFolder(name) else {
      throw SlackFields.fault("'name' is no name of a folder")
    }
    folder = name
    kind = .group(GroupID(checked: SlackDirectory.usable(id)), policy)
    members = fields.texts("members").map { directory.person($0).id }
    let creator = fields.textIfAny("creator").flatMap { $0.isEmpty ? nil : $0 }
    self.creator = directory.person(creator ?? SlackDirectory.slackbot).id
    topic = fields.object("topic")?.textIfAny("value").map { SlackText($0, directory).text }
    purpose = fields.object("purpose")?.textIfAny("value").map { SlackText($0, directory).text }
  }

  /// Throws `invalid_input`, with the reason alone.
  init(direct fields: SlackFields, _ directory: SlackDirectory) throws(DaybookError) {
    id = try fields.required("id")
    name = id
    folder = id
    guard SlackConversation.isFolder(id) else {
      throw SlackFields.fault("'id' is no name of a folder")
    }
    members = fields.texts("members").map { directory.person($0).id }
    guard (1...2).contains(members.count) else {
      throw SlackFields.fault("a direct conversation is one of two members")
    }
    kind = .direct(members[0], members[members.count - 1])
    creator = members[0]
    topic = nil
    purpose = nil
  }

  /// Of a folder that no file lists: all that is known is what it is called. Slack calls folders of
  /// direct conversations by their ids, and those of several people alike.
  init(unlisted folder: String) {
    id = folder
    name = folder
    self.folder = folder
    let isPrivate =
      folder.hasPrefix("mpdm-") || SlackConversation.looksDirect(folder)
    kind = .group(
      GroupID(checked: SlackDirectory.usable(folder)), isPrivate ? .invitation : .open)
    creator = UserID(checked: "slackbot")
    members = []
    topic = nil
    purpose = nil
  }

  private static func looksDirect(_ folder: String) -> Bool {
    folder.utf8.count >= 9 && folder.first == "D"
      && folder.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) }
  }

  private static func isFolder(_ name: String) -> Bool {
    !name.utf8.contains(UInt8(ascii: "/")) && name != ".." && name != "."
  }

  /// What a group's description makes of both.
  static func description(topic: String, purpose: String) -> String {
    let text = [topic, purpose].filter { !$0.isEmpty }.joined(separator: "\n")
    // The server takes no other control characters there.
    let usable = String(
      String.UnicodeScalarView(
        text.unicodeScalars.filter {
          $0.properties.generalCategory != .control || $0 == "\n" || $0 == "\t"
        }))
    return SlackDirectory.prefix(usable, bytesMax: Limits.descriptionBytesMax)
  }

  /// What a group's title makes of its name.
  static func title(_ name: String) -> String {
    SlackDirectory.prefix(name, bytesMax: Limits.titleBytesMax)
  }
}
