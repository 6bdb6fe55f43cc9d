import DaybookModel
import Logging
import NIOCore
import NIOPosix
import WireProtocol

/// Messages that go through an outbox: stored off the loop, a batch at a time, and sent once that is
/// durable; taken out when the server has answered.
extension ClientEngine {
  func keep(
    _ body: IssuedCommand.Body, for user: UserID?, _ traceID: TraceID?, _ message: SentMessage
  ) {
    let token = nextToken()
    guard !isOver, let origin = outbox?.origin else {
      finish(message, .failure(overError))
      return
    }
    completions[token] = .kept(message)
    let command = IssuedCommand(
      origin: origin, number: message.id, actingFor: user, body: body,
      isGapless: configuration.ordering == .gapless, traceID: traceID)
    outbox?.add(OutboxQueue.Kept(command: command, token: token, number: message.id))
    workOnOutbox()
  }

  /// What earlier clients have left; to be called before any other thread knows of this. Throws
  /// `outbox_corrupt`.
  func take(_ contents: OutboxContents) throws(ClientError) -> [SentMessage] {
    guard let origin = Origin(contents.origin), contents.nextNumber > 0 else {
      throw ClientError(.outboxCorrupt, "the outbox has no origin that could be one")
    }
    var kept: [OutboxQueue.Kept] = []
    var messages: [SentMessage] = []
    for entry in contents.entries {
      guard let command = IssuedCommand(kept: ByteBuffer(bytes: entry.bytes)),
        command.isGapless || command.number == entry.number, let receiver = command.receiver
      else {
        throw ClientError(.outboxCorrupt, "entry \(entry.number) of the outbox is no message")
      }
      let message = SentMessage(
        id: entry.number, conversation: Conversation(receiver), loop: loop,
        limit: configuration.requestDeadline)
      let token = nextToken()
      completions[token] = .kept(message)
      kept.append(OutboxQueue.Kept(command: command, token: token, number: entry.number))
      messages.append(message)
    }
    outbox = OutboxQueue(origin: origin, owner: contents.owner, kept: kept)
    return messages
  }

  func workOnOutbox() {
    guard let store = configuration.outbox else { return }
    guard let job = outbox?.next(numbering: &numbers) else {
      if isOver, outbox?.isIdle == true {
        outbox = nil
        store.release()
        for reply in closing { reply.succeed(()) }
        closing = []
      }
      return
    }
    NIOThreadPool.singleton.submit { _ in
      let bound = Result { () throws(ClientError) in
        if let owner = job.owner { try store.bind(to: owner) }
      }
      let stored = Result { () throws(ClientError) in
        if !job.storing.isEmpty { try store.store(job.storing.map(\.entry)) }
      }
      let removed = Result { () throws(ClientError) in
        if !job.removing.isEmpty { try store.remove(job.removing) }
      }
      self.submit(.outboxDone(job, bound: bound, stored: stored, removed: removed))
    }
  }

  /// Whoever has closed a client may give its outbox to the next.
  func answerOnceReleased(_ reply: Reply<Void>) {
    if outbox == nil { reply.succeed(()) } else { closing.append(reply) }
  }

  func outboxDone(
    _ job: OutboxQueue.Job, bound: Result<Void, ClientError>, stored: Result<Void, ClientError>,
    removed: Result<Void, ClientError>
  ) {
    if case .failure(let error) = removed {
      logger.error("the outbox still has what was answered", metadata: ["error": "\(error)"])
    }
    let isStored = (try? stored.get()) != nil
    let unstored =
      outbox?.done(
        isBound: (try? bound.get()) != nil, isStored: isStored, numbering: &numbers) ?? []
    for one in job.storing where isStored { message(one)?.kept(.success(())) }
    if case .failure(let error) = stored { fail(unstored, error) }
    if case .failure(let error) = bound { stop(error.asDaybookError) }
    if isOver { endOutbox() } else { sendKept() }
    workOnOutbox()
  }

  func sendKept() {
    for kept in outbox?.takeReady() ?? [] { core.issue(kept.command, token: kept.token) }
  }

  /// A session of this user, device or service has opened: the outbox is theirs, or it ends.
  func openOutbox(_ info: SessionInfo) {
    guard outbox != nil else { return }
    let name = info.user.map { "user/\($0)" } ?? "service/\(info.service ?? "")"
    guard outbox?.opened(by: "\(name)@\(info.logID)") == true else {
      return stop(
        DaybookError(
          .outboxOfAnother, "the outbox is not \(name)'s on this server: give each its own"))
    }
    sendKept()
    workOnOutbox()
  }

  /// The session is over. What is stored is for the next client.
  func endOutbox() {
    guard let (unstored, unsent) = outbox?.end() else { return }
    fail(unstored, ClientError(overError))
    fail(unsent, ClientError(leftInOutbox))
  }

  var leftInOutbox: DaybookError {
    DaybookError(overError.code, "\(overError.message); the outbox has it for the next client")
  }

  private func message(_ kept: OutboxQueue.Kept) -> SentMessage? {
    if case .kept(let message)? = completions[kept.token] { message } else { nil }
  }

  private func fail(_ messages: [OutboxQueue.Kept], _ error: ClientError) {
    for one in messages {
      guard let message = message(one) else { continue }
      completions[one.token] = nil
      finish(message, .failure(error.asDaybookError))
    }
  }

  /// Tells what came of a message that never reached the core.
  private func finish(_ message: SentMessage, _ outcome: Result<CommandReply, DaybookError>) {
    let update = message.complete(outcome)
    core.note(.status(update))
  }
}

extension OutboxQueue.Kept {
  fileprivate var entry: OutboxEntry {
    var frame = ByteBuffer()
    command.writeFrame(sequence: 0, to: &frame)
    return OutboxEntry(number: number, bytes: Array(frame.readableBytesView))
  }
}
