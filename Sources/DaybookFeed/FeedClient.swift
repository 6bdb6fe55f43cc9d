import DaybookModel
import DaybookSchema
public import DaybookSDK
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import LogRPC
import NIOCore
import NIOPosix

/// Follows a log, from any point: what `serve --log-service` serves.
///
///     let feed = try FeedClient(server: "127.0.0.1:7100", token: token)
///     try await feed.follow(from: .beginning) { item in
///       if case .events(let events, let position) = item { try store(events, position) }
///     }
///
/// Every event comes at least once, in the order of its partition: keep the position together with what was made
/// of the events, and each counts once.
public final class FeedClient: Sendable {
  private let client: GRPCClient<HTTP2ClientTransport.Posix>
  private let connections: Task<Void, any Error>
  private let token: @Sendable () async throws -> String

  /// `server` is `host:port`, or `tls://host:port`; the token is a service's, asked for anew with each call. Throws
  /// `invalid_argument` for what is no address.
  public init(
    server: String, tls: TLSSettings? = nil,
    tokenProvider: @escaping @Sendable () async throws -> String
  ) throws(ClientError) {
    let isTLS = server.hasPrefix("tls://")
    do {
      let address = try ServerAddress(
        parsing: String(server.dropFirst(isTLS ? "tls://".count : 0)))
      let transport = try HTTP2ClientTransport.Posix(
        target: try FeedClient.target(address),
        transportSecurity: isTLS || tls != nil
          ? FeedClient.security(tls ?? TLSSettings()) : .plaintext,
        config: .defaults { config in
          // The last events of a log that is quiet must not wait for a timer of the network's.
          config.http2.targetWindowSize = 1 << 20
        })
      client = GRPCClient(transport: transport)
    } catch let error as DaybookError {
      throw ClientError(error)
    } catch {
      throw ClientError(
        DaybookError(.invalidArgument, "'\(server)' can't be connected to: \(error)"))
    }
    token = tokenProvider
    connections = Task { [client] in try await client.runConnections() }
  }

  /// The same, with one token.
  public convenience init(
    server: String, tls: TLSSettings? = nil, token: String
  ) throws(ClientError) {
    try self.init(server: server, tls: tls) { token }
  }

  private static func target(_ address: ServerAddress) throws -> any ResolvableTarget {
    if (try? NIOCore.SocketAddress(ipAddress: address.host, port: address.port)) != nil {
      return address.host.contains(":")
        ? .ipv6(address: address.host, port: address.port)
        : .ipv4(address: address.host, port: address.port)
    }
    return .dns(host: address.host, port: address.port)
  }

  private static func security(
    _ settings: TLSSettings
  ) -> HTTP2ClientTransport.Posix.TransportSecurity {
    .tls { config in
      if let file = settings.trustRoots.file {
        config.trustRoots = .certificates([.file(path: file, format: .pem)])
      }
      if let certificate = settings.certificateFile, let key = settings.keyFile {
        config.certificateChain = [.file(path: certificate, format: .pem)]
        config.privateKey = .file(path: key, format: .pem)
      }
    }
  }

  /// Ends every call. The client is of no use any more.
  public func close() async {
    client.beginGracefulShutdown()
    connections.cancel()
    _ = await connections.result
  }

  // MARK: following

  /// Brings events to `body` until that throws, the task is cancelled, or, with `untilHead`, everything has come that
  /// was durable at first. A connection that breaks, or a server that is not there for a while, is waited for: then it
  /// goes on behind the last item that `body` has taken. `away` is told why, each time. Throws what `body` does, and a
  /// `ClientError` for what waiting would not mend.
  public func follow(
    from start: FeedStart, _ selection: FeedSelection = FeedSelection(), untilHead: Bool = false,
    away: @Sendable (ClientError) -> Void = { _ in },
    _ body: @escaping @Sendable (FeedItem) async throws -> Void
  ) async throws {
    var request = Daybook_V1_FollowRequest()
    request.start = start.message
    request.streams = selection.streams
    request.partitions = selection.partitions.map { UInt32(clamping: $0) }
    request.kinds = selection.kinds
    request.untilHead = untilHead
    var pause = Backoff(firstMilliseconds: 200, maxMilliseconds: 5_000)
    var random = SystemRandomNumberGenerator()
    while true {
      let asked = request
      let outcome = try await attempt(asked, body)
      if let position = outcome.position {
        request.start = FeedStart.position(position).message
        pause.reset()
      }
      if outcome.failure == nil, untilHead { return }
      let failure =
        outcome.failure ?? DaybookError(.unreachable, "the log's service has ended the call")
      guard failure.code.isTemporary else { throw ClientError(failure) }
      away(ClientError(failure))
      let wait = Duration.milliseconds(Int64(pause.next(using: &random)))
      try await Task.sleep(for: max(wait, failure.retryAfter ?? .zero))
    }
  }

  private struct Outcome: Sendable {
    var position: FeedPosition?
    var failure: DaybookError?
  }

  /// One call, until it ends. What `body` throws is thrown.
  private func attempt(
    _ request: Daybook_V1_FollowRequest,
    _ body: @escaping @Sendable (FeedItem) async throws -> Void
  ) async throws -> Outcome {
    let metadata = try await metadata()
    do {
      return try await Daybook_V1_Feed.Client(wrapping: client).follow(
        request: ClientRequest(message: request, metadata: metadata)
      ) { response in try await FeedClient.take(response, body) }
    } catch let error as RPCError {
      // There was no connection, nor any item.
      try Task.checkCancellation()
      return Outcome(failure: DaybookError(error))
    }
  }

  private static func take(
    _ response: StreamingClientResponse<Daybook_V1_FollowReply>,
    _ body: @Sendable (FeedItem) async throws -> Void
  ) async throws -> Outcome {
    var outcome = Outcome()
    do {
      for try await reply in response.messages {
        guard let item = try FeedItem(reply) else { continue }
        do {
          try await body(item)
        } catch {
          throw Thrown(error: error)
        }
        outcome.position = item.position
      }
    } catch let thrown as Thrown {
      throw thrown.error
    } catch let error as RPCError {
      try Task.checkCancellation()
      outcome.failure = DaybookError(error)
    } catch let error as DaybookError {
      outcome.failure = error
    }
    return outcome
  }

  /// By whoever follows, and so none of the feed's own.
  private struct Thrown: Error { let error: any Error }

  private func metadata() async throws -> Metadata { BearerToken.metadata(try await token()) }

  // MARK: positions

  /// The log's id, and of each partition its first offset that is kept and its first that is not durable yet.
  public func describe() async throws(ClientError) -> FeedLog {
    try await asking { () async throws in
      let reply = try await Daybook_V1_Log.Client(wrapping: client).describe(
        Daybook_V1_DescribeRequest(), metadata: try await metadata())
      return FeedLog(reply)
    }
  }

  /// Keeps a position under a name, in place of one that there may be. Throws `position_of_another`,
  /// `too_many_positions` and others.
  public func save(_ position: FeedPosition, as name: String) async throws(ClientError) {
    try await asking { () async throws in
      var request = Daybook_V1_SavePositionRequest()
      request.name = name
      request.position = Data(position.bytes)
      _ = try await Daybook_V1_Feed.Client(wrapping: client).savePosition(
        request, metadata: try await metadata())
    }
  }

  /// Throws `position_not_found`.
  public func position(_ name: String) async throws(ClientError) -> FeedPosition {
    try await asking { () async throws in
      var request = Daybook_V1_GetPositionRequest()
      request.name = name
      let reply = try await Daybook_V1_Feed.Client(wrapping: client).getPosition(
        request, metadata: try await metadata())
      return FeedPosition(bytes: Array(reply.position))
    }
  }

  /// All that the server keeps, by name.
  public func positions() async throws(ClientError) -> [String: FeedPosition] {
    try await asking { () async throws in
      let reply = try await Daybook_V1_Feed.Client(wrapping: client).listPositions(
        Daybook_V1_ListPositionsRequest(), metadata: try await metadata())
      return Dictionary(
        reply.positions.map { ($0.name, FeedPosition(bytes: Array($0.position))) },
        uniquingKeysWith: { first, _ in first })
    }
  }

  /// Returns whether there was one.
  @discardableResult
  public func deletePosition(_ name: String) async throws(ClientError) -> Bool {
    try await asking { () async throws in
      var request = Daybook_V1_DeletePositionRequest()
      request.name = name
      return try await Daybook_V1_Feed.Client(wrapping: client).deletePosition(
        request, metadata: try await metadata()
      ).deleted
    }
  }

  private func asking<Value>(
    _ ask: () async throws -> Value
  ) async throws(ClientError) -> Value {
    do {
      return try await ask()
    } catch let error as RPCError {
      throw ClientError(DaybookError(error))
    } catch let error as ClientError {
      throw error
    } catch {
      throw ClientError(DaybookError(.unreachable, "the log's service can't be asked: \(error)"))
    }
  }
}
