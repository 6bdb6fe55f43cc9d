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
package struct SlackRun: Sendable {
  package enum Step: Sendable, Equatable {
    /// The command, and the id of the message that it is about; none for a message that can't be
    /// known any more, which a reply is sent without.
    case issue(Int, target: MessageID)
    /// It can't be issued: the message that it is about wasn't taken, or is no longer known.
    case drop(Int, ErrorCode)
    /// Nothing before another answer.
    case wait
    case end
  }

  private struct Unanswered {
    var count = 0
    /// Of whatever is unanswered.
    var origin: Origin?
    var stream: StreamKey?
  }

  package let plan: SlackPlan
  private var position = 0
  private var unanswered = [Unanswered(), Unanswered()]
  private var isAbandoned = false
  /// Of messages that others refer to.
  private var answers: [Int: Result<MessageID, DaybookError>] = [:]

  package init(_ plan: SlackPlan) { self.plan = plan }

  package var isExhausted: Bool { isAbandoned || position == plan.commands.count }

  package mutating func next() -> Step {
    guard !isExhausted else { return .end }
    let command = plan.commands[position]
    guard mayFollow(command) else { return .wait }
    var target = MessageID.none
    if let index = command.target {
      switch answers[index] {
      case nil: return .wait
      case .success(let id)?: target = id
      case .failure(let error)?:
        if command.role != .reply || error.code == .duplicateExpired {
          if plan.referenced.contains(position) { answers[position] = .failure(error) }
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

  private func mayFollow(_ command: SlackCommand) -> Bool {
    let own = unanswered[command.lane.rawValue]
    if own.count > 0, own.origin != command.origin || own.stream != command.stream { return false }
    switch command.action {
    case .send, .join, .react: return true
    case .createGroup, .describe, .invite, .leave, .edit, .recall:
      return command.lane == .reactions
        || unanswered[SlackNumbers.Lane.reactions.rawValue].count == 0
    }
  }

  /// A group that couldn't be made is somebody else's: nothing is put into it.
  package mutating func answered(_ index: Int, _ outcome: Result<MessageID, DaybookError>) {
    let command = plan.commands[index]
    unanswered[command.lane.rawValue].count -= 1
    if plan.referenced.contains(index) { answers[index] = outcome }
    if case .failure = outcome, case .createGroup = command.action { isAbandoned = true }
  }
}
