import DaybookModel
import DaybookSchema
import NIOCore
import Ports

@testable import Gateway
@testable import Partitions

/// What the sessions of one event loop have in common, as `GatewayLoop` has it.
///
/// `@unchecked Sendable`: a simulated run is one thread.
final class SimGateway: CommandReceiver, @unchecked Sendable {
  unowned let server: SimServer
  let loop: SimLoop
  private var followers: [StreamKey: [SimSession]] = [:]
  private var unanswered: [UInt64: Unanswered] = [:]
  private var lastToken: UInt64 = 0
  private var gathered: [Int: [PendingCommand]] = [:]
  private var acking: [SimSession] = []

  private struct Unanswered {
    let session: SimSession
    let purpose: CommandPurpose
    /// Of a numbered command, once it was submitted.
    var submission: Int?
  }

  init(_ server: SimServer, _ loop: SimLoop) {
    self.server = server
    self.loop = loop
  }

  /// With all that it holds.
  func die() {
    followers = [:]
    unanswered = [:]
    gathered = [:]
    acking = []
  }

  // MARK: commands

  func submit(_ command: Command, _ purpose: CommandPurpose, from session: SimSession) {
    lastToken += 1
    unanswered[lastToken] = Unanswered(session: session, purpose: purpose)
    let partition = command.stream.partition(of: server.owners.count).index
    if gathered.isEmpty { loop.execute { self.submitGathered() } }
    gathered[partition, default: []].append(
      PendingCommand(command, receiver: self, token: lastToken))
  }

  private func submitGathered() {
    let commands = gathered
    gathered = [:]
    for (partition, commands) in commands.sorted(by: { $0.key < $1.key }) {
      for pending in commands {
        unanswered[pending.token]?.submission = server.run.submissions.submitted(
          pending.command, to: partition, at: server.run.clock.now())
      }
      server.owners[partition].submit(commands)
    }
  }

  func receive(_ answers: [CommandAnswer]) {
    loop.execute { self.take(answers) }
  }

  private func take(_ answers: [CommandAnswer]) {
    for answer in answers {
      guard let entry = unanswered.removeValue(forKey: answer.token) else {
        server.run.findings.add("a command was answered twice")
        continue
      }
      if case .failure(let error) = answer.outcome, error.code == .clockAhead {
        server.run.findings.add("an id that was given was refused: \(error.message)")
      }
      if case .failure(let error) = answer.outcome, error.code.isTemporary,
        let submission = entry.submission
      {
        server.run.submissions.turnedAway(submission)
      }
      entry.session.input { $0.answered(entry.purpose, answer.outcome, &$1) }
    }
  }

  func scheduleAcks(of session: SimSession) {
    acking.append(session)
    guard acking.count == 1 else { return }
    _ = loop.scheduleTask(in: server.options.ackTick) {
      let due = self.acking
      self.acking = []
      for session in due { session.input { $0.flushAcks(&$1) } }
    }
  }

  // MARK: streams

  func subscribe(_ session: SimSession, to stream: StreamKey) {
    if followers[stream]?.contains(where: { $0 === session }) ?? false { return }
    followers[stream, default: []].append(session)
  }

  func unsubscribe(_ session: SimSession, from stream: StreamKey) {
    followers[stream]?.removeAll { $0 === session }
  }

  func forget(_ session: SimSession) {
    for stream in followers.keys { unsubscribe(session, from: stream) }
  }

  func users(following stream: StreamKey) -> Set<UserID> {
    Set((followers[stream] ?? []).compactMap { $0.machine.follower(of: stream) })
  }

  func committed(_ batch: CommittedBatch, _ events: [(EventSlot, StreamKey)]) {
    loop.execute {
      for (slot, stream) in events {
        for session in self.receivers(of: stream) {
          session.input { $0.committed(stream, slot, batch.body, &$1) }
        }
        if self.server.run.mutation == .strangerShown { self.showStranger(slot, stream, batch) }
      }
    }
  }

  /// To the first who doesn't follow the group.
  private func showStranger(_ slot: EventSlot, _ stream: StreamKey, _ batch: CommittedBatch) {
    let start = batch.body.readerIndex + Int(slot.start)
    guard stream.kind == .group,
      let bytes = batch.body.getSlice(at: start, length: Int(slot.length))
    else { return }
    let sessions = followers.sorted { $0.key.text < $1.key.text }.flatMap(\.value)
    guard let stranger = sessions.first(where: { !$0.machine.hasOpened(stream) }) else { return }
    stranger.show(bytes)
  }

  func receivers(of stream: StreamKey) -> [SimSession] { followers[stream] ?? [] }

  func pushTransient(_ event: ByteBuffer, to stream: StreamKey, from sender: SimSession) {
    loop.execute {
      for session in self.receivers(of: stream) where session !== sender {
        session.input { $0.transientSent(event, in: stream, &$1) }
      }
    }
  }
}
