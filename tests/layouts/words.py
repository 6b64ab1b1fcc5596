"""Words for sentences, by language: who, did, what, where, when."""

PARTS = {
    "en": [
        """
        the old miller|a young clerk|the harbour master|our neighbour|the third witness|a travelling painter|
        the baker's widow|every tenant|the new landlord|an honest carpenter|the night porter|
        the county surveyor|a retired sailor|the schoolmistress|his eldest brother|the gardener|
        an unknown lady|the postman
        """,
        """
        has repaired|carefully measured|sold|wrote about|remembered|lost|had painted|bought|described|
        inherited|looked after|forgot|drew|praised|will rent|returned|counted|borrowed|delivered|hid
        """,
        """
        two copper kettles|a crooked fence|the green cottage|seven letters|an iron key|the broken clock|
        his account book|a basket of pears|the northern meadow|a narrow boat|twelve chairs|the church organ|
        a leather trunk|the weather records|some yellow roses|a silver watch|the winding staircase|an oak table
        """,
        """
        behind the station|near the bridge|at the market|in the upper valley|beside the canal|
        under the lime trees|on the island|outside the town hall|in a quiet street|at the edge of the wood|
        above the bakery|opposite the museum|along the coast|in the cellar
        """,
        """
        before the war|last winter|on a rainy morning|in early spring|after the harvest|for eleven years|
        without a word|at great expense|as agreed|during the strike|on the same evening|
        to everybody's surprise|in good faith|more than once
        """,
    ],
    "de": [
        """
        der alte Müller|eine junge Schreiberin|der Hafenmeister|unser Nachbar|die dritte Zeugin|
        ein fahrender Maler|die Witwe des Bäckers|jeder Mieter|der neue Vermieter|ein ehrlicher Zimmermann|
        der Nachtwächter|die Lehrerin|sein ältester Bruder|der Gärtner|eine fremde Dame|der Briefträger
        """,
        """
        verkaufte|vermaß|beschrieb|verlor|bemalte|kaufte|erbte|vergaß|zeichnete|lobte|mietete|zählte|
        lieh|lieferte|versteckte|reparierte
        """,
        """
        zwei kupferne Kessel|einen schiefen Zaun|das grüne Häuschen|sieben Briefe|einen eisernen Schlüssel|
        die zerbrochene Uhr|sein Kontobuch|einen Korb Birnen|die nördliche Wiese|ein schmales Boot|
        zwölf Stühle|die Kirchenorgel|einen ledernen Koffer|einige gelbe Rosen|die Wendeltreppe|
        einen Tisch aus Eiche
        """,
        """
        hinter dem Bahnhof|nahe der Brücke|auf dem Markt|im oberen Tal|neben dem Kanal|unter den Linden|
        auf der Insel|vor dem Rathaus|in einer stillen Straße|am Waldrand|über der Bäckerei|
        gegenüber dem Museum|an der Küste
        """,
        """
        vor dem Krieg|im letzten Winter|an einem regnerischen Morgen|im Frühling|nach der Ernte|für elf Jahre|
        ohne ein Wort|mit großen Kosten|wie vereinbart|während des Streiks|am selben Abend|mehr als einmal
        """,
    ],
    "fr": [
        """
        le vieux meunier|une jeune secrétaire|le maître du port|notre voisin|le troisième témoin|
        un peintre ambulant|la veuve du boulanger|chaque locataire|le nouveau propriétaire|
        un honnête charpentier|le portier de nuit|la maîtresse d'école|son frère aîné|le jardinier|
        une dame inconnue|le facteur
        """,
        """
        a réparé|a vendu|a mesuré|a décrit|a perdu|a peint|a acheté|oublia|dessina|louera|a compté|
        emprunta|a livré|cacha|admirait
        """,
        """
        deux chaudrons de cuivre|une clôture tordue|la maison verte|sept lettres|une clef de fer|
        l'horloge cassée|son livre de comptes|un panier de poires|le pré du nord|une barque étroite|
        douze chaises|l'orgue de l'église|une malle de cuir|quelques roses jaunes|une table de chêne
        """,
        """
        derrière la gare|près du pont|au marché|dans la haute vallée|à côté du canal|sous les tilleuls|
        sur l'île|devant la mairie|dans une rue calme|à la lisière du bois|en face du musée|le long de la côte
        """,
        """
        avant la guerre|l'hiver dernier|un matin de pluie|au printemps|après la récolte|pendant onze ans|
        sans un mot|à grands frais|comme convenu|pendant la grève|le même soir|plus d'une fois
        """,
    ],
}
