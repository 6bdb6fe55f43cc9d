package import DaybookModel

/// An export that was read through once: which of its conversations are imported, and all that is
/// wrong with them.
package struct SlackImport: Sendable {
  package let conversations: [SlackConversation]
  package private(set) var findings: SlackFindings
  /// Files that are no day's, in the folders of those conversations.
  package private(set) var skipped: [String: Int] = [:]
  /// Of all days together.
  package private(set) var entries = 0

  private let export: SlackExport
  private var surveys: [String: SlackSurvey] = [:]

  /// `channels`: names or Slack's ids, separated by commas; nil for all. `surveyed` is told the number
  /// of entries so far, now and then.
  ///
  /// Throws `invalid_input` for what is no export; `invalid_argument` for a channel that isn't there.
  package init(
    path: String, channels: String? = nil, surveyed: (Int) -> Void = { _ in }
  ) throws(DaybookError) {
    try self.init(try exportFiles(at: path), channels: channels, surveyed: surveyed)
  }

  package init(
    _ files: any ExportFiles, channels: String? = nil, surveyed: (Int) -> Void = { _ in }
  ) throws(DaybookError) {
    export = try SlackExport(files)
    if let channels {
      let names = channels.split(separator: ",").map {
        String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
      }
      conversations = try export.conversations(named: names)
    } else {
      conversations = export.conversations
    }
    findings = export.findings
    var strangers: Set<String> = []
    for conversation in conversations {
      let others = export.otherFiles(of: conversation)
      if others > 0 { skipped["other_file", default: 0] += others }
      var survey = SlackSurvey()
      var reader = SlackReader(export, conversation)
      while let entry = reader.next(&findings) {
        survey.add(entry, export.directory)
        entries += 1
        if entries % 10_000 == 0 { surveyed(entries) }
      }
      for (user, place) in survey.strangers.sorted(by: { $0.key < $1.key })
      where export.hasUsers && strangers.insert(user).inserted {
        findings.note(
          "unknown_user", "\(place)", "no list names \(user): shown by Slack's id")
      }
      surveys[conversation.id] = survey
    }
  }

  /// The conversation's commands, some at a time.
  package func course(of conversation: SlackConversation) -> SlackCourse {
    let survey = surveys[conversation.id] ?? SlackSurvey()
    return SlackCourse(
      plan: SlackPlan(conversation, survey, export.directory),
      reader: SlackReader(export, conversation, unordered: survey.unordered))
  }
}

/// A conversation's commands, made as they are needed.
package struct SlackCourse {
  /// So many at a time, about: what is held of a conversation is bounded by this, however long it is.
  package static let commandsMax = 4_096

  package private(set) var plan: SlackPlan
  private var reader: SlackReader
  private var isFinished = false

  init(plan: SlackPlan, reader: SlackReader) {
    self.plan = plan
    self.reader = reader
  }

  /// Nil at the end.
  package mutating func next(
    commandsMax: Int = SlackCourse.commandsMax
  ) -> (first: Int, commands: [SlackCommand])? {
    guard !isFinished || plan.pendingCount > 0 else { return nil }
    // What is wrong was found by the survey.
    var findings = SlackFindings()
    while !isFinished, plan.pendingCount < commandsMax {
      if let entry = reader.next(&findings) {
        plan.add(entry)
      } else {
        plan.finish()
        isFinished = true
      }
    }
    return plan.takeCommands()
  }
}
