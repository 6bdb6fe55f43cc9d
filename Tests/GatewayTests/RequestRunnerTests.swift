import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports
import Requests
import SwiftProtobuf
import Testing
import WireProtocol

@Suite("requests without a session")
struct RequestRunnerTests {
  private let daybook = MemoryDaybook()
  private let alice = Requester(
    .device(UserID(checked: "alice"), DeviceID(checked: "api")), origin: Origin("api".utf8)!)
  private let bob = Requester(
    .device(UserID(checked: "bob"), DeviceID(checked: "api")), origin: Origin("api".utf8)!)
  private let service = Requester(.service(ServiceID(checked: "crm")))

  private func run(
    _ type: FrameType, _ request: some SwiftProtobuf.Message, by requester: Requester,
    covering token: ReadToken? = nil
  ) async throws(DaybookError) -> RequestRunner.Reply {
    let runner = RequestRunner(
      commands: daybook, queries: daybook, audience: Nobody(), clock: daybook)
    return try await runner.run(
      type, ByteBuffer(bytes: request.wireBytes()), by: requester, covering: token)
  }

  private func done(
    _ type: FrameType, _ request: some SwiftProtobuf.Message, by requester: Requester
  ) async throws -> CommandReply {
    guard case .done(let reply, _) = try await run(type, request, by: requester) else {
      throw DaybookError(.invalidRequest, "was answered as a question")
    }
    return reply
  }

  private func answer(
    _ type: FrameType, _ request: some SwiftProtobuf.Message, by requester: Requester
  ) async throws -> ByteBuffer {
    guard case .answer(let answer) = try await run(type, request, by: requester) else {
      throw DaybookError(.invalidRequest, "was answered as a command")
    }
    return answer.body
  }

  private func code(
    _ type: FrameType, _ request: some SwiftProtobuf.Message, by requester: Requester
  ) async -> ErrorCode? {
    do throws(DaybookError) {
      _ = try await run(type, request, by: requester)
      return nil
    } catch {
      return error.code
    }
  }

  @Test("a send is done when it is durable, and names no seq of another's mailbox")
  func send() async throws {
    let direct = try await done(
      .send, Requests.send("hi", to: "user/bob", number: 1), by: alice)
    #expect(direct.seq == .none && direct.messageID > .none && direct.changed)
    let create = Daybook_V1_CreateGroupRequest.with {
      ($0.context, $0.group, $0.title) = (Requests.command(2), "g", "T")
    }
    #expect(try await done(.createGroup, create, by: alice).seq == Seq(1))
    #expect(
      try await done(.send, Requests.send("all", to: "group/g", number: 3), by: alice).seq == Seq(2)
    )
    let history = Daybook_V1_HistoryRequest.with { $0.conversation = "group/g" }
    let page = try Daybook_V1_HistoryReply(
      frameBody: try await answer(.history, history, by: alice))
    #expect(page.events.count == 1)
  }

  @Test("a message is found before anything is done to it")
  func amendments() async throws {
    let sent = try await done(.send, Requests.send("hi", to: "user/bob", number: 1), by: alice)
    func recall(_ id: UInt64, _ number: UInt64) -> Daybook_V1_RecallRequest {
      .with {
        ($0.context, $0.messageID, $0.conversation) = (Requests.command(number), id, "user/bob")
      }
    }
    #expect(try await done(.recall, recall(sent.messageID.rawValue, 2), by: alice).changed)
    let missing = recall(sent.messageID.rawValue + 1, 3)
    #expect(await code(.recall, missing, by: alice) == .messageNotFound)
    let recalls = daybook.commandsNow { if case .recall = $0.body { true } else { false } }
    #expect(recalls.map(\.stream) == [.user(UserID(checked: "bob"))])
  }

  @Test("who may ask what is the same as in a session")
  func permissions() async throws {
    let create = Daybook_V1_CreateGroupRequest.with {
      ($0.context, $0.group, $0.title) = (Requests.command(1), "g", "T")
    }
    _ = try await done(.createGroup, create, by: alice)
    let members = Daybook_V1_MembersRequest.with { $0.group = "g" }
    let group = Daybook_V1_GroupRequest.with { $0.group = "g" }
    let fetch = Daybook_V1_FetchRequest.with { $0.stream = "user/alice" }
    #expect(await code(.members, members, by: alice) == nil)
    #expect(await code(.members, members, by: bob) == .notAMember)
    #expect(await code(.group, group, by: bob) == nil)
    #expect(await code(.fetch, fetch, by: alice) == nil)
    #expect(await code(.fetch, fetch, by: bob) == .notPermitted)
    #expect(await code(.unread, Daybook_V1_UnreadRequest(), by: service) == .notPermitted)
    #expect(
      await code(.send, Requests.send("x", to: "user/bob", number: 1), by: service)
        == .invalidRequest)
    let acting = Daybook_V1_SendRequest.with {
      $0.context.number = 1
      $0.context.actingFor = "carol"
      $0.context.origin.append(contentsOf: "crm".utf8)
      $0.to = "user/bob"
      $0.content.plain.body.append(contentsOf: "x".utf8)
    }
    _ = try await done(.send, acting, by: service)
    let command = try #require(
      daybook.commandsNow { $0.stream == .user(UserID(checked: "bob")) }.last)
    #expect(command.actor.user?.text == "carol" && command.actor.service?.text == "crm")
    #expect(await code(.online, Daybook_V1_OnlineRequest(), by: alice) == .unknownRequestType)
  }
}

private struct Nobody: Audience {
  func onlineDevices(of user: UserID) -> Set<DeviceID> { [] }
  func followerCount(of stream: StreamKey) async -> Int { 0 }
}
