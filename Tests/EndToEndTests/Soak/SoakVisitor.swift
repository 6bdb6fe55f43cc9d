import DaybookModel
import Doubles
import NIOCore
import WireProtocol

/// A client in its visits, one after the other.
struct SoakVisitor: Sendable {
  let client: RawClient
  let index: Int
  /// Messages of others that were answered until now, by which a client that stands still knows that the
  /// world goes on.
  let progress: @Sendable () -> Int

  /// So many of others' messages pass while this one does not read.
  private static let patience = 30
  /// Of the socket of one that does not want to read.
  private static let receiveBytes = 4_096

  func pay(_ visit: SoakPlan.Visit) async {
    var random = visit.random
    if visit.manner == .stranger { return await beStranger(&random) }
    let readsLess = [.slow, .deaf, .deafAndGone].contains(visit.manner)
    guard await client.connect(receiveBytes: readsLess ? SoakVisitor.receiveBytes : nil)
    else { return await leave() }
    let chosen = random
    switch visit.manner {
    case .orderly, .stranger:
      client.send(visit.messages)
      await answered()
    case .slow:
      client.run { $0.line?.read(.slow) }
      client.send(visit.messages)
      await answered()
    case .deaf, .deafAndGone:
      client.run { $0.line?.read(.none) }
      client.send(visit.messages)
      await othersGoOn()
      if visit.manner == .deafAndGone { return await reset() }
      client.run { $0.line?.read(.all) }
      await answered()
    case .halfClosing:
      client.send(visit.messages)
      client.run { $0.line?.halfClose() }
    case .resetting:
      client.send(visit.messages)
      if Bool.random(using: &random) { await oneIsAnswered() }
      return await reset()
    case .garbage:
      client.send(visit.messages)
      client.run {
        var random = chosen
        guard let line = $0.line else { return }
        SoakMischief.garbage(on: line, &random)
        line.halfClose()
      }
    case .nonsense:
      client.send(visit.messages)
      client.run {
        var random = chosen
        if let line = $0.line { SoakMischief.nonsense(on: line, &random) }
      }
      await answered()
    case .torn:
      client.send(visit.messages)
      client.run {
        guard let line = $0.line else { return }
        SoakMischief.torn(on: line)
        line.halfClose()
      }
    case .twice:
      client.send(visit.messages)
      await client.open()
      await client.until { $0.openLines <= 1 }
      await answered()
    }
    if [.halfClosing, .garbage, .torn].contains(visit.manner) {
      // It is the server who ends it.
      await client.until { $0.line == nil }
    } else {
      await leave()
    }
  }

  /// All that was sent, or there is nobody to answer any more.
  func answered() async {
    await client.until { $0.line == nil || ($0.line?.isCaughtUp == true && $0.unacked.isEmpty) }
  }

  private func oneIsAnswered() async {
    let before = await client.ask(\.ackedCount)
    await client.until { $0.line == nil || $0.ackedCount > before }
  }

  private func othersGoOn() async {
    let goal = progress() + SoakVisitor.patience
    while progress() < goal { try? await Task.sleep(for: .milliseconds(5)) }
  }

  /// Says so, and waits for the end.
  func leave() async {
    client.run { $0.line?.write(.disconnect, ByteBuffer()) }
    await client.until { $0.line == nil && $0.openLines == 0 }
  }

  private func reset() async {
    client.run { $0.line?.reset() }
    await client.until { $0.line == nil && $0.openLines == 0 }
  }

  private func beStranger(_ random: inout SplitMix) async {
    client.run { $0.isSilent = true }
    if await client.open() {
      let chosen = random
      client.run {
        var random = chosen
        guard let line = $0.line else { return }
        if Bool.random(using: &random) {
          SoakMischief.garbage(on: line, &random)
          line.halfClose()
        } else {
          line.reset()
        }
      }
    }
    await client.until { $0.line == nil && $0.openLines == 0 }
    client.run { $0.isSilent = false }
  }
}
