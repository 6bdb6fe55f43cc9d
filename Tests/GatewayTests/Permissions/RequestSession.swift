import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Requests
import SwiftProtobuf
import WireProtocol

@testable import Gateway

/// A session's state machine in a `RequestWorld`, without connection, clock or threads.
final class RequestSession {
  private let world: RequestWorld
  private var machine: SessionMachine
  private var sequence: UInt32 = 0
  private var queries: [Query] = []
  private var checks: [OnlineCheck] = []
  private var typed: [(UserID, StreamKey)] = []
  private var isAcking = false

  /// Connected, and caught up.
  init(_ principal: Principal, in world: RequestWorld) {
    self.world = world
    machine = SessionMachine(
      id: "s", SessionSettings(logID: "log", options: .patient, clock: world.reading), load: .idle)
    _ = take(.connect, Daybook_V1_ConnectRequest.with { $0.token = "t" })
    let end = Timestamp(milliseconds: world.reading.now().milliseconds + 86_400_000)
    _ = run { $0.tokenChecked(.success(CheckedToken(principal, expiresAt: end)), &$1) }
  }

  /// What comes of a request, as `schemas/permissions.md` calls it.
  func outcome(
    of type: FrameType, _ request: some SwiftProtobuf.Message, seenBy other: RequestSession?
  ) async -> String {
    let frames = take(type, request)
    if let error = frames.first(where: { $0.type == .error }) {
      return (try? Daybook_V1_ErrorReply(frameBody: error.body).name) ?? "an error without a name"
    }
    if let check = checks.first { return check.allowed.isEmpty ? "offline" : "ok" }
    if let (user, stream) = typed.first {
      return other?.sees(user, stream) == true ? "ok" : "withheld"
    }
    if isAcking || frames.contains(where: { $0.type == type.reply }) { return "ok" }
    guard let query = queries.first else { return "nothing" }
    do throws(DaybookError) {
      _ = try await QueryRunner(
        queries: world.reading, inspection: NothingSeen(), audience: Nobody()
      ).run(query)
      return "ok"
    } catch {
      return error.code.name
    }
  }

  /// Whether it is told that this user types there.
  private func sees(_ user: UserID, _ stream: StreamKey) -> Bool {
    run { $0.typingSeen(user, to: stream, &$1) }.contains { $0.type == .typingPush }
  }

  private func take(_ type: FrameType, _ request: some SwiftProtobuf.Message) -> [Frame] {
    sequence += 1
    let frame = Frame(
      version: 1, type: type, sequence: sequence, body: ByteBuffer(bytes: request.wireBytes()))
    return run { $0.received(frame, &$1) }
  }

  /// The frames that an input leads to, once nothing is left to be done.
  private func run(_ input: (inout SessionMachine, inout SessionOutput) -> Void) -> [Frame] {
    var output = SessionOutput()
    input(&machine, &output)
    while !output.actions.isEmpty {
      let actions = output.actions
      output.actions = []
      for action in actions { run(action, &output) }
    }
    var decoder = FrameDecoder()
    for bytes in output.takeBytes() { decoder.append(bytes) }
    var frames: [Frame] = []
    while let frame = try? decoder.next() { frames.append(frame) }
    return frames
  }

  private func run(_ action: SessionAction, _ output: inout SessionOutput) {
    switch action {
    case .submit(let command, let purpose):
      machine.answered(purpose, world.decide(command), &output)
    case .readPage(let stream, let from, let through, _):
      machine.pageRead(stream, .success(world.events(of: stream, from...through)), &output)
    case .query(let query, _): queries.append(query)
    case .online(let check, _): checks.append(check)
    case .typing(let user, let stream): typed.append((user, stream))
    case .scheduleAcks: isAcking = true
    default: break
    }
  }
}

private struct Nobody: Audience {
  func onlineDevices(of user: UserID) -> Set<DeviceID> { [] }
  func followerCount(of stream: StreamKey) async -> Int { 0 }
}

/// Whoever is asked about is known, and has nothing.
private final class NothingSeen: Inspection {
  func memberships(
    of group: GroupID, after: UserID?, limit: Int
  ) async throws(DaybookError) -> [MembershipDetails] { [] }

  func userDetails(_ user: UserID) async throws(DaybookError) -> UserDetails {
    UserDetails(
      user: user, firstSeen: .none, lastSeen: .none, devices: [], groups: [], blocked: [], marks: []
    )
  }

  func offline(user: UserID, device: DeviceID) async throws(DaybookError) -> [OfflineStream] { [] }
  func unread(of user: UserID) async throws(DaybookError) -> [UnreadCount] { [] }
  func waitForHead() async throws(DaybookError) {}
  func users(after: UserID?, limit: Int) async throws(DaybookError) -> [UserSummary] { [] }
  func groups(after: GroupID?, limit: Int) async throws(DaybookError) -> [GroupSummary] { [] }
  func streams(after: StreamKey?, limit: Int) async throws(DaybookError) -> [StreamSummary] { [] }
}
