import DaybookModel
import DaybookSchema
import NIOCore
import Ports

/// What gathers while the batch before it is being synced: events, and everything that must wait
/// until they are durable.
struct OpenBatch {
  private(set) var bytes: ByteBuffer
  private(set) var slots: [EventSlot] = []
  private(set) var effects: [SourceEffect] = []
  private(set) var answers: [AnswerGroup] = []
  private(set) var relayed: [RelayReceipt] = []
  /// Whose commands are answered with it: should it fail, they come again, and in order.
  private(set) var issued: [IssuedNumber] = []
  /// Of its commands: how many were accepted, and how many were refused, by why.
  private(set) var accepted = 0
  private(set) var rejected: [ErrorCode: Int] = [:]
  /// Somebody waits until it is durable.
  private(set) var isAwaited = false
  private var firstRecordedAt = Timestamp.none
  private var lastRecordedAt = Timestamp.none
  private let headerBytes: Int

  struct AnswerGroup {
    let receiver: any CommandReceiver
    var answers: [CommandAnswer]
  }

  /// The room at the front is the log's.
  init(headerBytes: Int, capacity: Int) {
    self.headerBytes = headerBytes
    bytes = ByteBufferAllocator().buffer(capacity: max(capacity, headerBytes + 1024))
    bytes.writeRepeatingByte(0, count: headerBytes)
  }

  var hasEvents: Bool { !slots.isEmpty }
  var isEmpty: Bool { slots.isEmpty && answers.isEmpty && relayed.isEmpty }
  var count: Int { slots.count }
  var byteCount: Int { bytes.readableBytes }

  mutating func append(_ event: borrowing Event) {
    if slots.isEmpty { firstRecordedAt = event.recordedAt }
    lastRecordedAt = event.recordedAt
    Effects.append(of: event, index: slots.count, to: &effects)
    slots.append(EventEncoding.append(event, to: &bytes, bodyStart: headerBytes))
  }

  mutating func answer(
    _ command: borrowing PendingCommand, _ outcome: Result<CommandOutcome, DaybookError>
  ) {
    if let number = command.command.issued { issued.append(number) }
    if command.command.body.isAwaited { isAwaited = true }
    switch outcome {
    case .success: accepted += 1
    case .failure(let error): rejected[error.code, default: 0] += 1
    }
    let answer = CommandAnswer(token: command.token, outcome: outcome)
    // A gateway loop is one receiver, so there are few: comparing beats hashing.
    for index in answers.indices where answers[index].receiver === command.receiver {
      answers[index].answers.append(answer)
      return
    }
    answers.append(AnswerGroup(receiver: command.receiver, answers: [answer]))
  }

  mutating func receipt(_ receipt: RelayReceipt) { relayed.append(receipt) }

  func appendBatch() -> AppendBatch {
    AppendBatch(
      bytes: bytes, slots: slots, firstRecordedAt: firstRecordedAt, lastRecordedAt: lastRecordedAt)
  }

  /// Lets go of the bytes and slots, which the log holds now.
  mutating func handOver() -> AppendBatch {
    let batch = appendBatch()
    bytes = ByteBuffer()
    return batch
  }
}

extension Command.Body {
  /// Somebody waits for the answer. How far a device has come is only to be durable some time: losing
  /// it costs a redelivery.
  fileprivate var isAwaited: Bool {
    switch self {
    case .ack, .ackGroups: false
    default: true
    }
  }
}
