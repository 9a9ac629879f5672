"""Names of made-up people. Tellers of stories and city officers have other surnames, so that a leak is a leak."""

FIRST_NAMES = """
Abel Ada Adriana Ahmed Aisha Alden Alejandra Alma Amara Amina Anders Andrea Anh Annika Antonio Arjun Asha Astrid Aurora
Beatriz Bénédicte Bernard Bilal Bridget Caleb Camila Carmen Cecilia Chidi Clara Colin Connor Dahlia Daniela Darnell
Deborah Desmond Diego Dolores Dominic Dunya Edith Eduardo Elena Elias Emeka Esperanza Esther Eun-ji Fatima Felix Fiona
Florence Gabriel Gwen Hamza Hannah Harold Héctor Henrik Hoa Ibrahim Imani Ingrid Irene Isaac Ivana Jamal Jasmine Javier
Joan Joaquín Jorge Josefina Judith Kamala Karim Katarzyna Keisha Kenji Lamar Latoya Leif Lena Leonor Liam Lourdes Luca
Lucía Magnus Mai Malik Marisol Martha Mateo Mei Mercedes Milan Mireille Mohamed Nadia Naomi Natalia Ngozi Nikolai Noor
Olga Omar Oscar Patience Paulina Pedro Petra Priya Quentin Rafael Rahel Ramona Rashid Rebecca Renée Rosalind Ruben Sadia
Samira Santiago Selma Siobhán Sofía Stefan Sunita Tamika Tariq Teresa Thaddeus Tomás Ursula Valentina Vera Viktor
Wanda Wilhelmina Winston Ximena Yara Yolanda Yusuf Zainab Zoë
""".split()

SURNAMES = """
Abernathy Adeyemi Aguilar Albrecht Alvarado Anand Andersson Arsenault Babatunde Bachman Baptiste Barrientos Bélanger
Benavides Bergeron Bhatt Blackwood Bouchard Brannigan Bui Caballero Calloway Campbell Cárdenas Castellanos Chakraborty
Cheung Cisneros Clement Colón Cormier Crosby Cyr Dang Delacroix Diallo Dimitrov Doan Dubois Eastman Echeverría Edwards
Eriksson Escobar Fairbanks Farah Fernández Fitzgerald Fontaine Forsythe Fuentes Gagnon Galloway García Gebremedhin
Gendron Giordano Goldberg Greenleaf Guerrero Gupta Haddad Hakimi Hanley Hassan Henriksen Hernández Hinckley Huang Ibarra
Ivanov Jackson Jankowski Jeong Johansson Kaminski Kamau Karimi Keating Khoury Kowalski Kruger Lachance Lafayette Larsen
Lavoie Levesque Liang Littlefield Lombardi Macdougall Mahmoud Maldonado Marchetti Mbeki McAllister Mendoza Michaud
Molina Montague Moreau Murakami Nakamura Navarro Ndiaye Nguyen Nielsen Novak Nowell O'Brien O'Malley Obuya Ochoa Okafor
Olivares Osman Ouellette Pacheco Palmgren Papadakis Patel Pelletier Peña Petrov Pinkham Popescu Prescott Quispe
Rajagopalan Ramírez Rasmussen Redmond Reyes Rosenthal Roszak Saavedra Saleh Sandoval Santos Schaefer Sewall Shapiro
Silva Skillings Solberg St-Pierre Szymanski Tadesse Takahashi Talbot Theriault Thibodeau Torres Tran Underhill Valdez
Vasquez Villanueva Volkov Wadsworth Warsame Wentworth Whitcomb Winslow Wojcik Yamamoto Yilmaz Zamora Zielinski
""".split()

MAIL_HOMES = ("mail.example", "post.example", "inbox.example", "larkmail.example")
