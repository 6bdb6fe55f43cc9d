import DaybookModel
import Ports

@testable import Partitions

/// Makes tokens void now and then: with a chance of its own, so that a run without it goes as it would.
///
/// `@unchecked Sendable`: a simulated run is one thread.
final class SimOperator: CommandReceiver, @unchecked Sendable {
  private static let actor = Actor(service: ServiceID(checked: "operator"))
  private static let steps = 300

  private unowned let run: SimRun
  private var dice: Dice
  private var lastToken: UInt64 = 0

  init(_ run: SimRun) {
    self.run = run
    dice = Dice(seed: run.seed ^ 0x0b5e_55ed)
  }

  func mayRevoke() {
    guard run.mutation == nil, dice.oneIn(SimOperator.steps), let server = run.server else {
      return
    }
    let device = dice.pick(run.devices)
    let command = Command(
      stream: .user(device.user), actor: SimOperator.actor, id: nil,
      body: .revokeTokens(
        device: dice.oneIn(3) ? device.device : nil,
        tokenID: dice.oneIn(2) ? device.token.id : "", ofService: dice.oneIn(9)))
    run.tally.count("tokens made void")
    lastToken += 1
    server.owners[command.stream.partition(of: SimRun.partitions).index].submit([
      PendingCommand(command, receiver: self, token: lastToken)
    ])
  }

  func receive(_ answers: [CommandAnswer], covering token: ReadToken?) {}
}

extension SimRun {
  /// Once all is at rest: whoever is connected is so with a token that is good.
  func checkTokens(_ reference: Reference) {
    for device in devices where !device.isOffline {
      let void = reference.mailboxes[device.user]?.revoked ?? []
      if void.contains(where: { $0.covers(device.token, of: device.device) }) {
        findings.add("\(device.name) goes on with a token that is void")
      }
    }
  }
}
