package import DaybookModel

/// The course of a plan's commands: which may be issued now, given what was answered.
///
/// Commands go in the plan's order. The server decides those of a stream in that order too, but
/// for what it turns away for a while, and then it holds back only what has higher numbers of the
/// same origin. So, that nothing is decided before what it follows from:
///
/// - what is about a message waits until that is answered, for it takes the message's id,
/// - nothing is issued while another origin of its lane has something unanswered,
/// - reactions are overtaken by messages and joins only,
/// - what another stream decides waits: the order of message ids comes from the answers.
///
/// A number that was used for other content (`number_conflict`) was this very command's in an earlier
/// import, when somebody was called otherwise: for a number is made of Slack's ids and times. Where
/// later commands are about that message, its id is asked for.
package struct SlackRun: Sendable {
  package enum Step: Sendable, Equatable {
    /// The command, and the id of the message that it is about; none for a message that can't be
    /// known any more, which a reply is sent without.
    case issue(Int, target: MessageID)
    /// What its number came to in an earlier import.
    case inquire(Int)
    /// Under the command's spare number.
    case issueAlone(Int, target: MessageID)
    /// It can't be issued: the message that it is about wasn't taken, or is no longer known.
    case drop(Int, ErrorCode)
    /// There is nothing to be done for it.
    case pass(Int)
    /// Nothing before another answer.
    case wait
    case end
  }

  /// What an answer means for the counts.
  package enum Verdict: Sendable, Equatable {
    /// As it was answered.
    case counts
    /// In other words it was there before.
    case importedOtherwise
    /// It is asked once more.
    case nothing
  }

  private struct Unanswered {
    var count = 0
    /// Of whatever is unanswered.
    var origin: Origin?
    var stream: StreamKey?
  }

  private enum Again { case inquiry, alone }

  private var commands: [SlackCommand] = []
  /// Of the first of them, and of the next one to issue.
  private var first = 0
  private var position = 0
  private var unanswered = [Unanswered(), Unanswered()]
  /// Asked once more, on their way or about to be.
  private var again: [Int: Again] = [:]
  private var due: [Int] = []
  /// Nothing more of the conversation is issued.
  package private(set) var isAbandoned = false
  /// The group was made before, with other settings.
  private var isKnownOtherwise = false
  /// Of messages that others refer to.
  private var answers: [Int: Result<MessageID, DaybookError>] = [:]

  package init() {}

  /// The next commands, once all before them are answered.
  package mutating func take(_ commands: [SlackCommand], from first: Int) {
    precondition(isExhausted, "what was given before is not at its end")
    self.commands = commands
    self.first = first
    position = first
  }

  package func command(_ index: Int) -> SlackCommand { commands[index - first] }

  package var isExhausted: Bool {
    let isIdle = unanswered.allSatisfy { $0.count == 0 } && again.isEmpty
    return isIdle && (isAbandoned || position == first + commands.count)
  }

  package mutating func next() -> Step {
    if let index = due.popLast() {
      if again[index] == .inquiry { return .inquire(index) }
      return .issueAlone(index, target: target(of: index))
    }
    guard !isAbandoned, position < first + commands.count else { return isExhausted ? .end : .wait }
    let command = command(position)
    if case .renameIfOther = command.action, !isKnownOtherwise {
      position += 1
      return .pass(position - 1)
    }
    guard mayFollow(command) else { return .wait }
    var target = MessageID.none
    if let index = command.target {
      switch answers[index] {
      case nil: return .wait
      case .success(let id)?: target = id
      case .failure(let error)?:
        if command.role != .reply || error.code == .duplicateExpired {
          if command.isReferenced { answers[position] = .failure(error) }
          position += 1
          return .drop(position - 1, error.code)
        }
      }
    }
    let lane = command.lane.rawValue
    unanswered[lane].count += 1
    unanswered[lane].origin = command.origin
    unanswered[lane].stream = command.stream
    position += 1
    return .issue(position - 1, target: target)
  }

  private func target(of index: Int) -> MessageID {
    guard let target = command(index).target, case .success(let id)? = answers[target] else {
      return .none
    }
    return id
  }

  private func mayFollow(_ command: SlackCommand) -> Bool {
    let own = unanswered[command.lane.rawValue]
    if own.count > 0, own.origin != command.origin || own.stream != command.stream { return false }
    switch command.action {
    case .send, .join, .react: return true
    case .createGroup, .describe, .rename, .renameIfOther, .invite, .leave, .edit, .recall:
      return command.lane == .reactions
        || unanswered[SlackNumbers.Lane.reactions.rawValue].count == 0
    }
  }

  /// A group that couldn't be made is somebody else's: nothing is put into it.
  package mutating func answered(
    _ index: Int, _ outcome: Result<MessageID, DaybookError>
  ) -> Verdict {
    let command = command(index)
    switch again.removeValue(forKey: index) {
    case .inquiry:
      answers[index] = outcome
      return .importedOtherwise
    case .alone: return .counts
    case nil: break
    }
    unanswered[command.lane.rawValue].count -= 1
    if case .failure(let error) = outcome, error.code == .numberConflict {
      return conflicted(index, command)
    }
    if command.isReferenced { answers[index] = outcome }
    if case .failure = outcome, case .createGroup = command.action { isAbandoned = true }
    return .counts
  }

  private mutating func conflicted(_ index: Int, _ command: SlackCommand) -> Verdict {
    switch command.action {
    case .createGroup: isKnownOtherwise = true
    case .send where command.isReferenced:
      again[index] = .inquiry
      due.append(index)
      return .nothing
    case .react where command.spare != nil:
      again[index] = .alone
      due.append(index)
      return .nothing
    default: break
    }
    return .importedOtherwise
  }
}
