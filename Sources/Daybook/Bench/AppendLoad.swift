import Atomics
import DaybookModel
import DaybookSchema
import Foundation
import NIOCore
import Ports

/// Keeps a fixed number of sends to one partition in flight: every answer makes room for the next.
/// Its work happens on the owner's event loop, as a gateway's on the same loop would.
final class AppendLoad: CommandReceiver, @unchecked Sendable {
  let partition: PartitionID
  private let commands: any Commands
  private let targets: [Target]
  private let origin: Origin
  private let content: ByteBuffer
  private var number: UInt64
  private var left: Int
  private var unanswered = 0
  private var sentAt: [UInt64]
  private(set) var latencies = LatencyHistogram()
  private(set) var failure: DaybookError?
  private var finished: CheckedContinuation<Void, Never>?

  /// Where messages go, and as whose.
  struct Target: Sendable {
    var stream: StreamKey
    var actor: Actor
  }

  /// The targets' streams are of this partition, and take messages of their actors.
  init(
    partition: PartitionID, commands: any Commands, targets: [Target], messageBytes: Int,
    messages: Int, inFlight: Int
  ) {
    self.partition = partition
    self.commands = commands
    self.targets = targets
    origin = Origin("bench-\(partition)".utf8)!
    content = ContentCoding.text(String(repeating: "m", count: messageBytes))
    number = 1_000  // Below it are the commands that made the groups.
    left = messages
    sentAt = Array(repeating: 0, count: inFlight)
  }

  func run() async {
    await withCheckedContinuation { continuation in
      finished = continuation
      send(sentAt.count)
    }
  }

  func receive(_ answers: [CommandAnswer]) {
    let now = DispatchTime.now().uptimeNanoseconds
    for answer in answers {
      if case .failure(let error) = answer.outcome { failure = error }
      latencies.record(nanoseconds: now - sentAt[Int(answer.token % UInt64(sentAt.count))])
    }
    unanswered -= answers.count
    if failure == nil { send(answers.count) } else { left = 0 }
    if left == 0 && unanswered == 0 {
      finished?.resume()
      finished = nil
    }
  }

  private func send(_ count: Int) {
    let count = min(count, left)
    guard count > 0 else { return }
    let now = DispatchTime.now().uptimeNanoseconds
    var batch: [PendingCommand] = []
    batch.reserveCapacity(count)
    for _ in 0..<count {
      number += 1
      sentAt[Int(number % UInt64(sentAt.count))] = now
      let target = targets[Int(number) % targets.count]
      batch.append(
        PendingCommand(
          Command(
            stream: target.stream, actor: target.actor,
            id: NumberedOrigin(origin: origin, number: number),
            body: .send(Message(content: content))),
          receiver: self, token: number))
    }
    left -= count
    unanswered += count
    commands.submit(batch, to: partition)
  }
}
