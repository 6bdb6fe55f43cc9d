import Testing

@Suite("the ledger of a soak")
struct DeliveryLedgerTests {
  private let one = LedgerMessage(from: "ann", number: 1, to: "group/g")
  private let two = LedgerMessage(from: "ann", number: 2, to: "group/g")
  private let direct = LedgerMessage(from: "ann", number: 3, to: "user/ben")

  private func event(_ seq: UInt64, _ id: UInt64, _ message: LedgerMessage?) -> LedgerEvent {
    LedgerEvent(seq: seq, messageID: id, message: message)
  }

  /// Ann and ben are in the group, of which ann has said one and two, and ben has the direct one.
  private func good() -> DeliveryLedger {
    var ledger = DeliveryLedger()
    for reader in ["ann", "ben"] {
      ledger.follows(reader, "group/g", cursor: 4)
      ledger.follows(reader, "user/\(reader)", cursor: 0)
      ledger.came(event(5, 50, one), to: reader, of: "group/g")
      ledger.came(event(6, 60, two), to: reader, of: "group/g")
    }
    ledger.came(event(1, 70, direct), to: "ann", of: "user/ann")
    ledger.came(event(1, 70, direct), to: "ben", of: "user/ben")
    ledger.acked(one, as: 50)
    ledger.acked(two, as: 60)
    ledger.acked(direct, as: 70)
    return ledger
  }

  @Test("what is as it should be has no faults, also where it comes again")
  func whole() {
    var ledger = good()
    ledger.follows("ben", "group/g", cursor: 5)
    ledger.came(event(6, 60, two), to: "ben", of: "group/g")
    ledger.acked(two, as: 60)
    #expect(ledger.check() == [])
    #expect(ledger.has("ben", "group/g", [one, two]) && !ledger.has("ben", "user/ben", [one]))
  }

  @Test(
    "a message that is lost, doubled, out of order or another one is found",
    arguments: [
      "lost", "copy lost", "doubled", "reordered", "skipped", "changed", "renamed", "renumbered",
      "rolled back",
    ])
  func broken(how: String) {
    var ledger = good()
    switch how {
    case "lost": ledger.acked(LedgerMessage(from: "ben", number: 1, to: "group/g"), as: 80)
    case "copy lost":
      let other = LedgerMessage(from: "ann", number: 4, to: "user/ben")
      ledger.acked(other, as: 80)
      ledger.came(event(2, 80, other), to: "ben", of: "user/ben")
    case "doubled": ledger.came(event(7, 90, two), to: "ben", of: "group/g")
    case "reordered": ledger.came(event(7, 90, one), to: "ben", of: "group/g")
    case "skipped": ledger.came(event(8, 90, nil), to: "ben", of: "group/g")
    case "changed": ledger.came(event(6, 60, nil), to: "ben", of: "group/g")
    case "renamed": ledger.acked(two, as: 61)
    case "renumbered":
      ledger.came(event(7, 90, nil), to: "ben", of: "group/g")
      ledger.came(event(7, 91, nil), to: "ann", of: "group/g")
    default: ledger.follows("ben", "group/g", cursor: 9)
    }
    #expect(ledger.check() != [])
  }

  @Test("a text says whose message it is")
  func texts() {
    #expect(LedgerMessage(text: direct.text(padding: 7)) == direct)
    #expect(LedgerMessage(text: direct.text()) == direct)
    #expect(LedgerMessage(text: "hello there") == nil)
  }
}
