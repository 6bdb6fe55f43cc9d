import DaybookModel
import Testing

@Suite("how near words are to each other")
struct EditDistanceTests {
  @Test("the distance of two words counts letters put in, left out, changed and swapped")
  func distances() {
    for (one, other, expected) in [
      ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("serve", "serve", 0), ("serv", "serve", 1),
      ("sreve", "serve", 1), ("kitten", "sitting", 3), ("ab", "ba", 1),
    ] {
      #expect(EditDistance.between(one, other) == expected, "\(one) \(other)")
      #expect(EditDistance.between(other, one) == expected, "\(other) \(one)")
    }
  }

  @Test("what is two letters away at most was probably meant, the nearest first")
  func near() {
    #expect(
      EditDistance.near("hlep", among: ["list", "heap", "help", "quit"]) == ["help", "heap"])
    #expect(EditDistance.near("xyzzy", among: ["list", "help"]) == [])
  }
}
