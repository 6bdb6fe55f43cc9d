import DaybookModel

/// An entry of a day's file, and where it stands.
package struct SlackEntry: Sendable {
  var place: SlackCommand.Place
  var message: SlackMessage
}

/// What has to be known of a conversation before its commands can be made: found by reading all of it
/// once. It grows with what entries say about one another, not with what is said.
package struct SlackSurvey: Sendable {
  /// Messages that later entries are about: what they answer, change or delete.
  package private(set) var referenced: Set<SlackTime> = []
  /// What messages said at first, where only entries about them still know.
  private(set) var firstVersions: [SlackTime: SlackVersion] = [:]
  /// What the channel was called before it was first called otherwise.
  private(set) var firstName: String?
  package private(set) var entries = 0
  /// Files whose entries are not in the order of time.
  private(set) var unordered: Set<String> = []
  /// Whom no list names, by where each appears first.
  private(set) var strangers: [String: SlackCommand.Place] = [:]

  private var last: (file: String, time: SlackTime)?

  package init() {}

  mutating func add(_ entry: SlackEntry, _ directory: SlackDirectory) {
    let message = entry.message
    entries += 1
    if let last, last.file == entry.place.file, last.time > message.time {
      unordered.insert(entry.place.file)
    }
    last = (entry.place.file, message.time)
    if let thread = message.thread, thread != message.time { referenced.insert(thread) }
    if let deleted = message.deleted { referenced.insert(deleted) }
    if let change = message.change {
      referenced.insert(change.time)
      if let previous = change.previous, firstVersions[change.time] == nil {
        firstVersions[change.time] = previous
      }
    }
    if firstName == nil { firstName = message.oldName }
    let author = message.user
    if !author.isEmpty, !directory.knows(author), strangers[author] == nil {
      strangers[author] = entry.place
    }
  }
}

/// The entries of a conversation's days, one at a time.
struct SlackReader {
  private let export: SlackExport
  private let conversation: SlackConversation
  /// Days' files whose entries have to be put in order first.
  private let unordered: Set<String>
  private var days: ArraySlice<String>
  private var current: (file: String, entries: SlackEntries)?
  /// Of a day that is out of order, from its end.
  private var sorted: [SlackEntry] = []

  init(_ export: SlackExport, _ conversation: SlackConversation, unordered: Set<String> = []) {
    self.export = export
    self.conversation = conversation
    self.unordered = unordered
    days = export.days(of: conversation)[...]
  }

  /// Nil at the end. What is wrong costs itself, and is among the findings.
  mutating func next(_ findings: inout SlackFindings) -> SlackEntry? {
    while true {
      if let entry = sorted.popLast() { return entry }
      if let entry = nextOfDay(&findings) { return entry }
      guard let day = days.popFirst() else { return nil }
      open(day, &findings)
      guard let file = current?.file, unordered.contains(file) else { continue }
      while let entry = nextOfDay(&findings) { sorted.append(entry) }
      sorted.sort {
        ($0.message.time, $0.place.entry) > ($1.message.time, $1.place.entry)
      }
    }
  }

  private mutating func open(_ day: String, _ findings: inout SlackFindings) {
    let file = "\(conversation.folder)/\(day)"
    do throws(DaybookError) {
      let source = try export.files.open(export.path(of: day, in: conversation))
      current = (
        file, SlackEntries(source, file: file, kinds: (file: "bad_day", entry: "bad_entry"))
      )
    } catch {
      findings.lose("bad_day", file, error.message)
    }
  }

  private mutating func nextOfDay(_ findings: inout SlackFindings) -> SlackEntry? {
    while let fields = current?.entries.next(&findings) {
      let place = SlackCommand.Place(
        file: current?.file ?? "", entry: current?.entries.number ?? 0)
      do throws(DaybookError) {
        return SlackEntry(place: place, message: try SlackMessage(fields))
      } catch {
        findings.lose("bad_entry", "\(place)", error.message)
      }
    }
    current = nil
    return nil
  }
}
