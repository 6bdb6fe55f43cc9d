import Testing

@Suite("Folders")
struct FolderGraphTests {
  @Test("no two folders of a module use each other, whatever the way round")
  func sources() throws {
    let files = try Repository.swiftFiles(below: "Sources")
    let modules = Dictionary(grouping: files, by: \.module)
    #expect(modules.count > 10)
    for (module, files) in modules {
      let graph = FolderGraph(files: files)
      for circle in graph.circles { Issue.record("\(graph.explanation(of: circle, in: module))") }
    }
  }

  private func graph(_ files: [String: String]) -> FolderGraph {
    FolderGraph(files: files.map { SourceFile(path: "Sources/X/\($0).swift", text: $1) })
  }

  @Test("two folders that use each other's types are found, and so are three in a round")
  func circles() {
    #expect(
      graph(["A/A": "struct Apple { var b: Bread }", "B/B": "enum Bread { case a(Apple) }"])
        .circles == [["A", "B"]])
    let three = graph([
      "A/A": "struct Apple { var b: Bread }", "B/B": "struct Bread {}\nlet c = Cherry()",
      "C/C": "final class Cherry {\n  let a: Apple?\n}", "D/D": "func d(_ a: Apple) {}",
    ])
    #expect(three.circles == [["A", "B", "C"]])
    #expect(three.uses["A"]?["B"] == [.init(path: "Sources/X/A/A.swift", line: 1, name: "Bread")])
  }

  @Test(
    "what a folder declares is used wherever its name is said",
    arguments: [
      ("protocol Bread {}", "struct Apple: Bread {}"),
      ("package func bake() {}", "let apple = bake()"),
      ("let oven = 1", "func apple() -> Int { oven }"),
      ("extension Int { var baked: Int { self } }", "let apple = 1.baked"),
      ("extension Int {\n  struct Crumb {}\n}", "let apple = Int.Crumb()"),
      ("struct Bread {}", "let apple = \"\\(Bread())\""),
    ])
  func used(declaration: String, use: String) {
    let graph = graph(["A/A": use, "B/B": declaration])
    #expect(graph.uses.mapValues { Array($0.keys) } == ["A": ["B"]])
  }

  @Test(
    "what is private, said in a comment, or declared here or in two folders is no use",
    arguments: [
      ("private struct Bread {}", "let apple = Bread()"),
      ("struct Bread {}", "// Bread\nlet apple = \"Bread\""),
      ("struct Bread {}", "struct Apple { struct Bread {}\n  let b: Bread }"),
      ("struct Bread { var baked = 1 }", "let apple = other.baked"),
      ("func bake() {}", "let apple = oven.bake()"),
      ("struct Bread {}", "let apple = Other.Bread()"),
    ])
  func unused(declaration: String, other: String) {
    #expect(graph(["A/A": other, "B/B": declaration]).uses.isEmpty)
  }

  @Test(
    "a name that two folders declare says nothing, and files beside folders are one of their own")
  func homes() {
    let twice = graph([
      "A/A": "let a = Bread()", "B/B": "struct Bread {}", "C/C": "struct Bread {}",
    ])
    #expect(twice.uses.isEmpty)
    let beside = graph([
      "A": "struct Apple { var b: Bread }", "B/B": "struct Bread {}\nlet a: Apple",
    ])
    #expect(beside.circles == [[".", "B"]])
  }
}
