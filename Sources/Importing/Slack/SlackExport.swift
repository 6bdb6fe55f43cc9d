package import DaybookModel

/// What lies in an export: who is who, which conversations there are, and their days.
package struct SlackExport: Sendable {
  package let directory: SlackDirectory
  /// Public channels, private ones, those of several users, then direct ones.
  package let conversations: [SlackConversation]
  /// What is wrong with the lists, and with what they name.
  package let findings: SlackFindings

  let files: any ExportFiles
  /// It says who its people are.
  let hasUsers: Bool
  /// Where the lists lie: an archive may have the export in a folder of its own.
  private let root: String
  /// The names of the files in each folder of the root.
  private let folders: [String: [String]]

  static let users = ["users.json", "org_users.json"]
  /// Each with how one comes into its groups.
  static let groups: [(file: String, JoinPolicy)] = [
    ("channels.json", .open), ("groups.json", .invitation), ("mpims.json", .invitation),
  ]
  static let directs = "dms.json"
  static let lists = users + groups.map(\.file) + [directs]

  /// Whatever is wrong with one file or entry of it costs that alone, and is among the findings.
  /// Throws `invalid_input` where there is nothing of an export at all.
  package init(_ files: any ExportFiles) throws(DaybookError) {
    guard let root = SlackExport.root(of: files.paths) else {
      throw DaybookError(
        .invalidInput,
        "there is no Slack export in it: neither \(SlackExport.lists.joined(separator: ", ")) nor "
          + "a channel's folder with files as 2024-03-01.json")
    }
    self.files = files
    self.root = root
    hasUsers = SlackExport.users.contains { files.paths.contains(root + $0) }
    folders = SlackExport.folders(of: files.paths, in: root)
    var lists = SlackLists(files, root: root)
    for fault in files.refused { lists.findings.lose(fault.kind, fault.place, fault.reason) }
    lists.read(folders: folders.filter { $0.value.contains(where: SlackDay.isDay) })
    var directory = lists.directory
    for conversation in lists.conversations { directory.name(conversation.id, conversation.name) }
    self.directory = directory
    conversations = lists.conversations
    findings = lists.findings
  }

  /// The folder that the lists lie in, or the channels' folders where there are no lists; the
  /// uppermost of several.
  static func root(of paths: [String]) -> String? {
    var found: String?
    for path in paths {
      var parts = path.split(separator: "/").map(String.init)
      guard let name = parts.popLast() else { continue }
      let isDay = SlackDay.isDay(name) && parts.popLast() != nil
      guard isDay || SlackExport.lists.contains(name) else { continue }
      let root = parts.map { $0 + "/" }.joined()
      let depth = parts.count
      if found.map({ depth < $0.count(where: { $0 == "/" }) }) ?? true { found = root }
    }
    return found
  }

  private static func folders(of paths: [String], in root: String) -> [String: [String]] {
    var folders: [String: [String]] = [:]
    for path in paths where path.hasPrefix(root) {
      let parts = path.dropFirst(root.count).split(separator: "/")
      guard parts.count == 2 else { continue }
      folders[String(parts[0]), default: []].append(String(parts[1]))
    }
    return folders
  }

  /// The names of its days' files, in order.
  func days(of conversation: SlackConversation) -> [String] {
    (folders[conversation.folder] ?? []).filter(SlackDay.isDay).sorted()
  }

  /// Files in its folder that are no day's.
  func otherFiles(of conversation: SlackConversation) -> Int {
    (folders[conversation.folder] ?? []).count { !SlackDay.isDay($0) }
  }

  func path(of day: String, in conversation: SlackConversation) -> String {
    "\(root)\(conversation.folder)/\(day)"
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

/// The files that say who is who and which conversations there are.
struct SlackLists {
  private(set) var directory = SlackDirectory()
  private(set) var conversations: [SlackConversation] = []
  var findings = SlackFindings()

  private let files: any ExportFiles
  private let root: String
  private let present: Set<String>

  init(_ files: any ExportFiles, root: String) {
    self.files = files
    self.root = root
    present = Set(files.paths)
  }

  /// `folders`: those that days lie in.
  mutating func read(folders: [String: [String]]) {
    readUsers()
    let names = Set(folders.keys)
    var ids: Set<String> = []
    for (file, policy) in SlackExport.groups {
      readConversations(file, &ids) { (fields, directory) throws(DaybookError) in
        try SlackConversation(fields, policy, directory, folders: names)
      }
    }
    readConversations(SlackExport.directs, &ids) { (fields, directory) throws(DaybookError) in
      try SlackConversation(direct: fields, directory)
    }
    // Whatever no list names is a channel where there is no list of channels; else it is left alone,
    // for under its folder's name it would be another group than in a later export.
    let listed = Set(conversations.map(\.folder))
    let hasChannels = has("channels.json")
    for folder in names.subtracting(listed).sorted() {
      if hasChannels {
        findings.lose("unlisted_folder", folder, "no list of the export names this channel")
      } else {
        conversations.append(SlackConversation(unlisted: folder))
      }
    }
    if !hasChannels {
      findings.lose(
        "missing_file", "channels.json",
        "the export has none: channels are called by their folders, and nothing else is known of them"
      )
    }
  }

  private func has(_ file: String) -> Bool { present.contains(root + file) }

  private mutating func readUsers() {
    guard let file = SlackExport.users.first(where: has) else {
      findings.lose(
        "missing_file", "users.json", "the export has none: people are shown by Slack's ids")
      return
    }
    var entries = entries(of: file, "bad_user")
    while let fields = entries?.next(&findings) {
      do throws(DaybookError) {
        directory.add(try SlackUser(fields))
      } catch {
        findings.lose("bad_user", "\(file), entry \(entries?.number ?? 0)", error.message)
      }
    }
  }

  private mutating func readConversations(
    _ file: String, _ ids: inout Set<String>,
    _ make: (SlackFields, SlackDirectory) throws(DaybookError) -> SlackConversation
  ) {
    guard has(file), var entries = entries(of: file, "bad_channel") else { return }
    while let fields = entries.next(&findings) {
      let place = "\(file), entry \(entries.number)"
      do throws(DaybookError) {
        let conversation = try make(fields, directory)
        if ids.insert(conversation.id).inserted {
          conversations.append(conversation)
        } else {
          findings.lose("bad_channel", place, "there is an earlier one with its 'id'")
        }
      } catch {
        findings.lose("bad_channel", place, error.message)
      }
    }
  }

  private mutating func entries(of file: String, _ kind: String) -> SlackEntries? {
    do throws(DaybookError) {
      return SlackEntries(
        try files.open(root + file), file: file, kinds: (file: "bad_file", entry: kind))
    } catch {
      findings.lose("bad_file", file, error.message)
      return nil
    }
  }
}
