import Atomics
import DaybookModel
import DaybookSchema
import Foundation
import NIOCore
import Ports

/// Keeps a fixed number of sends to one partition in flight: every answer makes room for the next.
/// Its work happens on the owner's event loop, as a gateway's on the same loop would.
///
/// `@unchecked Sendable`: touched on the owner's event loop only, until it has ended.
final class AppendLoad: CommandReceiver, @unchecked Sendable {
  let partition: PartitionID
  private let commands: any Commands
  private let targets: [Target]
  private let origin: Origin
  private let content: ByteBuffer
  private var window: Window
  private var left: Int
  private var unanswered = 0
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
    // Below it are the commands that made the groups.
    window = Window(number: 10_000, sentAt: Array(repeating: 0, count: inFlight))
    left = messages
  }

  func run() async {
    await withCheckedContinuation { continuation in
      finished = continuation
      send(window.sentAt.count)
    }
  }

  func receive(_ answers: [CommandAnswer], covering token: ReadToken?) {
    let now = DispatchTime.now().uptimeNanoseconds
    if let failed = window.take(answers, now, &latencies) { failure = failed }
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
    left -= count
    unanswered += count
    let batch = window.commands(
      count, DispatchTime.now().uptimeNanoseconds, targets, origin, content, self)
    commands.submit(batch, to: partition)
  }

  /// The numbers in flight, and when each was sent. A value, so that its loops run unchecked.
  private struct Window {
    var number: UInt64
    var sentAt: [UInt64]

    mutating func commands(
      _ count: Int, _ now: UInt64, _ targets: [Target], _ origin: Origin, _ content: ByteBuffer,
      _ receiver: any CommandReceiver
    ) -> [PendingCommand] {
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
            receiver: receiver, token: number))
      }
      return batch
    }

    func take(
      _ answers: [CommandAnswer], _ now: UInt64, _ latencies: inout LatencyHistogram
    ) -> DaybookError? {
      var failure: DaybookError?
      for answer in answers {
        if case .failure(let error) = answer.outcome { failure = error }
        latencies.record(nanoseconds: now - sentAt[Int(answer.token % UInt64(sentAt.count))])
      }
      return failure
    }
  }
}
