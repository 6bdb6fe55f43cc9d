package import DaybookModel
package import NIOCore
package import Ports
package import WireProtocol

/// Runs a request from its body to its answer, for whoever has no session: HTTP and gRPC. What it
/// means, and who may ask it, is what it means in a session.
package struct RequestRunner: Sendable {
  package enum Reply: Sendable {
    /// A command is durable; under `token` its consequences can be read.
    case done(CommandReply, token: ReadToken?)
    case answer(QueryAnswer)
  }

  private let commands: CommandAsker
  private let queries: any Queries
  private let inspection: (any Inspection)?
  private let audience: any Audience
  private let clock: any WallClock

  package init(
    commands: any Commands, queries: any Queries, inspection: (any Inspection)? = nil,
    audience: any Audience, clock: any WallClock
  ) {
    self.commands = CommandAsker(commands)
    self.queries = queries
    self.inspection = inspection
    self.audience = audience
    self.clock = clock
  }

  /// `token`, where there is one, is waited for before a question is asked. Throws what a session
  /// would answer; for presence and whatever belongs to a session `unknown_request_type`.
  package func run(
    _ type: FrameType, _ body: ByteBuffer, by requester: Requester, covering token: ReadToken? = nil
  ) async throws(DaybookError) -> Reply {
    if FrameType.commands.contains(type) {
      return try await command(type, body, requester)
    }
    if type == .nextNumber {
      let asked = try NextNumber(body, by: requester)
      return .answer(
        try NextNumber.answer(.success(try await commands.ask(asked.command).outcome)).get())
    }
    let request = try QueryRequests.parse(type, body, by: requester)
    if let token { try await queries.waitUntil(covering: token) }
    return .answer(try await answer(request, requester))
  }

  // MARK: commands

  private func command(
    _ type: FrameType, _ body: ByteBuffer, _ requester: Requester
  ) async throws(DaybookError) -> Reply {
    let request = try CommandRequests.parse(type, body, by: requester, now: clock.now())
    switch request.step {
    case .submit(let stream, let body): return try await submit(request.issuer, stream, body)
    case .find(let command):
      let (stream, body) = try await resolve(command, request.issuer)
      return try await submit(request.issuer, stream, body)
    case .readGroup(let read):
      let (stream, body) = try await resolve(read, request.issuer)
      return try await submit(request.issuer, stream, body)
    }
  }

  private func resolve(
    _ read: GroupRead, _ issuer: Issuer
  ) async throws(DaybookError) -> (StreamKey, Command.Body) {
    do throws(DaybookError) {
      return try read.command(at: try await inspect(read.stream, nil, issuer.actor))
    } catch {
      guard let refusal = read.refusal(of: error) else { throw error }
      return refusal
    }
  }

  private func resolve(
    _ command: MessageCommand, _ issuer: Issuer
  ) async throws(DaybookError) -> (StreamKey, Command.Body) {
    var command = command
    do throws(DaybookError) {
      if let (stream, peer) = command.inspection {
        let position = try await inspect(stream, peer, issuer.actor)
        command.limit(to: position)
      }
      let found = try await MessageResolver(queries: queries).find(
        command.name, reading: command.reading)
      return try command.command(about: found)
    } catch {
      guard let refusal = command.refusal(of: error) else { throw error }
      return refusal
    }
  }

  private func submit(
    _ issuer: Issuer, _ stream: StreamKey, _ body: Command.Body
  ) async throws(DaybookError) -> Reply {
    if case .sendTransient = body {
      throw DaybookError(
        .invalidRequest, "a transient message is sent by a session: connect one for it")
    }
    let answer = try await commands.ask(issuer.command(stream, body))
    let result = try answer.outcome.result()
    return .done(
      CommandReply(result, seesSeq: issuer.seesSeq(of: stream)), token: answer.token)
  }

  // MARK: questions

  private func answer(
    _ request: QueryRequest, _ requester: Requester
  ) async throws(DaybookError) -> QueryAnswer {
    var query = request.query
    if let inspected = request.inspection {
      do throws(DaybookError) {
        let position = try await inspect(inspected.stream, inspected.peer, requester.actor)
        query = try Visibility.limit(query, to: position, for: requester)
      } catch {
        guard Visibility.isForStrangers(query, after: error) else { throw error }
      }
    }
    return try await QueryRunner(
      queries: queries, inspection: inspection, audience: audience
    ).run(query)
  }

  private func inspect(
    _ stream: StreamKey, _ peer: UserID?, _ actor: Actor
  ) async throws(DaybookError) -> StreamPosition {
    try await commands.ask(
      Command(stream: stream, actor: actor, id: nil, body: .inspect(peer: peer))
    ).outcome.position()
  }
}

extension CommandReply {
  package init(_ result: CommandResult, seesSeq: Bool) {
    self.init(
      messageID: result.messageID, seq: seesSeq ? result.seq : .none,
      recordedAt: result.recordedAt,
      durability: result.isStored ? CommandReply.synced : CommandReply.notStored,
      repeated: result.repeated, changed: result.changed, pending: result.pending)
  }
}
