import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports

@testable import Gateway
@testable import Partitions

/// Users, a group and their messages, decided by a partition's own rules: what `MemoryDaybook` only
/// sketches is what permissions are about.
final class RequestWorld {
  static let group = StreamKey.group(GroupID(checked: "talk"))
  static let columns = [
    "owner", "admin", "member", "silenced member", "invited", "requested", "former member",
    "stranger",
  ]

  /// Answers queries from the same events.
  let reading = MemoryDaybook()
  private var state = PartitionState(partition: PartitionID(0))
  private var logged: [Event] = []
  private var number: UInt64 = 0
  private var relayed = 0
  private(set) var inGroup = MessageID.none
  /// Of the owner to the peer, so that either side may ask about it.
  private(set) var direct = MessageID.none

  static func user(_ column: String) -> UserID {
    UserID(checked: column.replacing(" ", with: "-"))
  }

  init(isDissolved: Bool) {
    let owner = Self.user("owner")
    done(.createGroup(GroupSettings(title: "talk")), on: Self.group, by: owner)
    for name in ["admin", "member", "silenced member", "former member"] {
      done(.join, on: Self.group, by: Self.user(name))
    }
    done(.changeRole(Self.user("admin"), .admin), on: Self.group, by: owner)
    inGroup = send("hello all", to: Self.group, by: owner)
    done(.silence(Self.user("silenced member"), true), on: Self.group, by: owner)
    done(.leave, on: Self.group, by: Self.user("former member"))
    done(.changeGroup(GroupChange(joinPolicy: .approval)), on: Self.group, by: owner)
    done(.join, on: Self.group, by: Self.user("requested"))
    done(.invite(Self.user("invited")), on: Self.group, by: owner)
    for name in ["peer", "blocked"] {
      direct = send("hello", to: .user(Self.user(name)), by: owner)
      _ = send("hello", to: .user(owner), by: Self.user(name))
      done(.block(Self.user(name), name == "blocked"), on: .user(owner), by: owner)
    }
    direct = send("and you?", to: .user(Self.user("peer")), by: owner)
    if isDissolved { done(.dissolve, on: Self.group, by: owner) }
    relay()
  }

  /// What its stream's owner answers.
  func decide(_ command: Command) -> Result<CommandOutcome, DaybookError> {
    switch state.decide(command, now: reading.now()) {
    case .append(let event, let outcome):
      take(event)
      return .success(outcome)
    case .answer(let outcome): return .success(outcome)
    case .refuse(let event, let error):
      take(event)
      return .failure(error)
    case .reject(let error): return .failure(error)
    }
  }

  func events(of stream: StreamKey, _ range: ClosedRange<Seq>) -> [StreamEvent] {
    reading.state.withLockedValue { state in
      (state.streams[stream]?.events ?? []).filter { range.contains($0.seq) }
    }
  }

  @discardableResult
  private func done(_ body: Command.Body, on stream: StreamKey, by user: UserID) -> CommandResult {
    number += 1
    let command = Command(
      stream: stream, actor: Actor(user: user),
      id: NumberedOrigin(origin: Origin("world".utf8)!, number: number), body: body)
    switch decide(command) {
    case .success(.done(let result)): return result
    case .success(.position), .success(.nextNumber): fatalError("answered with something else")
    case .failure(let error): fatalError("refused: \(error)")
    }
  }

  private func send(_ text: String, to stream: StreamKey, by user: UserID) -> MessageID {
    done(.send(Message(content: ContentCoding.text(text))), on: stream, by: user).messageID
  }

  private func take(_ event: Event) {
    state.evolve(event)
    logged.append(event)
    guard event.seq != .none else { return }
    let stored = StreamEvent(
      seq: event.seq, messageID: event.messageID, bytes: EventEncoding.encode(event))
    reading.state.withLockedValue {
      $0.streams[event.stream, default: .init()].events.append(stored)
    }
  }

  /// As if what follows from each event came from another partition.
  private func relay() {
    for index in relayed..<logged.count {
      var effects: [SourceEffect] = []
      Effects.append(of: logged[index], index: index, to: &effects)
      for effect in effects {
        let located = effect.located(in: PartitionID(9), at: Offset(Int64(index)))
        if let event = state.event(for: located, now: reading.now()) { take(event) }
      }
    }
    relayed = logged.count
  }
}
